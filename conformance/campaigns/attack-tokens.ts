/** A token header sent several times at once, to several processes: it authenticates once. */
import { fromBase64, toBase64, utf8 } from "@countersign/protocol/bytes";
import type { SecretKey } from "@countersign/protocol/crypto";
import { nodeCrypto as crypto } from "@countersign/protocol/crypto-node";
import { isFailure } from "@countersign/protocol/errors";
import { encryptorIds, openResponse, sealRequest } from "@countersign/protocol/powerauth/ecies";
import { tokenHeaderName, writeTokenHeader } from "@countersign/protocol/powerauth/headers";
import { tokenDigest } from "@countersign/protocol/powerauth/token";
import { eachGroup, type Stage } from "./attack.ts";
import { exactlyOne } from "./attack-counters.ts";
import { type Device, encryptedCall, random, requireFreshNonce, sign, temporaryKey, version } from "./device.ts";
import { send, textOf } from "./http.ts";

const copies = 8;

export async function sameTokens(stage: Stage): Promise<number> {
  const { fleet, urls, n } = stage;
  return eachGroup(n, async (index) => {
    const device = await fleet.device(`token-${index}`);
    const { tokenId, secret } = await createToken(urls[0]!, device);
    const timestamp = String(Date.now());
    const nonce = random(16);
    const digest = toBase64(tokenDigest(crypto, version, secret, nonce, timestamp));
    const header = writeTokenHeader({ tokenId, tokenDigest: digest, nonce: toBase64(nonce), timestamp, version });
    const answers = await Promise.all(
      Array.from({ length: copies }, (_, at) =>
        send({
          url: `${urls[at % urls.length]}/api/auth/token/app/operation/list`,
          headers: { [tokenHeaderName]: header },
          body: "{}",
        }),
      ),
    );
    exactlyOne(stage, answers, `copies of a header of token ${tokenId}`);
  });
}

async function createToken(
  url: string,
  device: Device,
): Promise<{ readonly tokenId: string; readonly secret: SecretKey }> {
  const { app, keys, activationId, serverPublicKey } = device;
  const key = await temporaryKey(url, app, serverPublicKey, device);
  const context = {
    version,
    encryptor: encryptorIds.tokenCreate,
    applicationKey: app.applicationKey,
    applicationSecret: app.applicationSecret,
    activationId,
    transportKey: keys.transport,
    temporaryKeyId: key.temporaryKeyId,
  };
  const { request, exchange } = sealRequest(crypto, random, context, key.publicKey, utf8("{}"), Date.now());
  const body = JSON.stringify(request);
  const { headers } = sign(device, { uriId: "/pa/token/create", body, factors: "possession" });
  const answer = await encryptedCall(`${url}/pa/v3/token/create`, request, headers);
  requireFreshNonce(request, answer);
  const opened = openResponse(crypto, exchange, answer);
  if (isFailure(opened)) throw new Error(`The token's answer: ${opened.error}`);
  const token: unknown = JSON.parse(Buffer.from(opened).toString("utf8"));
  const secret = fromBase64(textOf(token, "tokenSecret"));
  if (secret === undefined) throw new Error("The token's secret is not Base64");
  return { tokenId: textOf(token, "tokenId"), secret: crypto.secretKey(secret) };
}
