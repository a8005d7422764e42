/** What devices call: right bodies and headers of a real device, and what a few edits make of them. */
import { type PowerAuth, PowerAuthAuthentication } from "@countersign/client/mobile-token";
import type { Json } from "./requests.ts";

export interface PublicRoute {
  readonly path: string;
  readonly body: { readonly [name: string]: Json };
  /** Proves the request as a device would; the body is final by then. */
  prove?(body: string): Promise<{ readonly [name: string]: string }>;
  /** A header as it looks, for requests that are not proven. */
  readonly header: { readonly name: string; readonly example: string };
}

const cryptogram = {
  temporaryKeyId: "0a1b6c2d-e3f4-4051-8263-748596a7b8c9",
  ephemeralPublicKey: "BPQBJf+ktWFp++rSKOA83kLLIfaj/BOtuyD3AHaShNULr+nf0sM49FaS2nwhtqVFHJvoX16Yvwevl1E5JAkTg7Q=",
  encryptedData: "l/QVmpqHVAQPIAxC1ivOlw==",
  mac: "7qLYzNfHzh0/bbW0ArUHPZiPksemEO79kDHpUvSGU6o=",
  nonce: "1SWNdDerxVl7EbcyEGathw==",
  timestamp: 1_795_804_280_439,
};

const tokenName = "fuzz";

export async function publicRoutes(
  device: PowerAuth,
  applicationKey: string,
  operationId: string,
): Promise<PublicRoute[]> {
  const activationId = (await device.getActivationIdentifier()) ?? "";
  const possession = () => PowerAuthAuthentication.possession();
  await device.tokenStore.requestAccessToken(tokenName, possession());
  const token = async () => {
    const { key, value } = await device.tokenStore.generateHeaderForToken(tokenName);
    return { [key]: value };
  };
  const signed = (uriId: string) => async (body: string) => {
    const { key, value } = await device.requestSignature(possession(), "POST", uriId, body);
    return { [key]: value };
  };
  const tokenHeader = {
    name: "X-PowerAuth-Token",
    example: `PowerAuth token_id="${activationId}", token_digest="7qLYzNfHzh0/bbW0ArUHPZiPksemEO79kDHpUvSGU6o=", nonce="1SWNdDerxVl7EbcyEGathw==", timestamp="1795804280439", version="3.3"`,
  };
  const signatureHeader = {
    name: "X-PowerAuth-Authorization",
    example: `PowerAuth pa_activation_id="${activationId}", pa_application_key="${applicationKey}", pa_nonce="1SWNdDerxVl7EbcyEGathw==", pa_signature_type="possession_knowledge", pa_signature="7qLYzNfHzh0/bbW0ArUHPZiPksemEO79kDHpUvSGU6o=", pa_version="3.3"`,
  };
  const encryptionHeader = {
    name: "X-PowerAuth-Encryption",
    example: `PowerAuth version="3.3", application_key="${applicationKey}", activation_id="${activationId}"`,
  };
  const operations = "/api/auth/token/app/operation";
  const requestObject = { id: operationId };
  return [
    { path: `${operations}/list`, body: {}, prove: token, header: tokenHeader },
    { path: `${operations}/detail`, body: { requestObject }, prove: token, header: tokenHeader },
    { path: `${operations}/detail/claim`, body: { requestObject }, prove: token, header: tokenHeader },
    {
      path: `${operations}/authorize`,
      body: {
        requestObject: {
          id: operationId,
          data: "A1*A1250.00EUR*NRent",
          proximityCheck: { otp: "12345678", type: "QR_CODE", timestampReceived: 1_795_804_280_439 },
          mobileTokenData: { a: 1 },
        },
      },
      prove: signed("/operation/authorize"),
      header: signatureHeader,
    },
    {
      path: `${operations}/cancel`,
      body: { requestObject: { ...requestObject, reason: "UNKNOWN", mobileTokenData: { a: 1 } } },
      prove: signed("/operation/cancel"),
      header: signatureHeader,
    },
    { path: `${operations}/history`, body: {}, header: signatureHeader },
    ...["/api/push/device/register", "/api/push/device/register/token"].map((path) => ({
      path,
      body: { requestObject: { platform: "ios", environment: "production", token: "0f1e2d3c".repeat(8) } },
      prove: token,
      header: tokenHeader,
    })),
    ...["count", "message/list", "message/detail", "message/read", "message/read-all"].map((name) => ({
      path: `/api/inbox/${name}`,
      body: { requestObject: { page: 0, size: 20, onlyUnread: true, id: operationId } },
      prove: token,
      header: tokenHeader,
    })),
    { path: "/pa/v3/status", body: {}, header: tokenHeader },
    {
      path: "/pa/v3/activation/status",
      body: { requestObject: { activationId, challenge: "FExjSVMeyQX3VTPHJJhw7A==" } },
      header: encryptionHeader,
    },
    {
      path: "/pa/v3/keystore/create",
      body: { requestObject: { jwt: "eyJhbGciOiJIUzI1NiJ9.e30.AAAA" } },
      header: encryptionHeader,
    },
    ...["activation/create", "activation/detail", "user/info", "upgrade/start"].map((name) => ({
      path: `/pa/v3/${name}`,
      body: cryptogram,
      header: encryptionHeader,
    })),
    ...["activation/rename", "activation/remove", "vault/unlock", "token/create", "signature/validate"].map((name) => ({
      path: `/pa/v3/${name}`,
      body: cryptogram,
      header: signatureHeader,
    })),
    { path: "/pa/v3/token/create", body: cryptogram, prove: signed("/pa/token/create"), header: signatureHeader },
    {
      path: "/pa/v3/token/remove",
      body: { requestObject: { tokenId: activationId } },
      prove: signed("/pa/token/remove"),
      header: signatureHeader,
    },
    {
      path: "/pa/v3/signature/validate",
      body: { a: 1 },
      prove: signed("/pa/signature/validate"),
      header: signatureHeader,
    },
  ];
}
