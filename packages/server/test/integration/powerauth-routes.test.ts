/** The PowerAuth surface over HTTP: what is signed of a request, headers, and whatever nobody should send. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { concat, toBase64 } from "@countersign/protocol/bytes";
import { canonicalQuery, canonicalQueryDecodedTwice } from "@countersign/protocol/powerauth/canonical-query";
import { encryptorIds } from "@countersign/protocol/powerauth/ecies";
import { encryptionHeaderName, signatureHeaderName, tokenHeaderName } from "@countersign/protocol/powerauth/headers";
import fc from "fast-check";
import { random } from "../device.ts";
import { stateOf, suiteOfPowerAuth } from "../powerauth-server.ts";

const validatePath = "/pa/v3/signature/validate";

suiteOfPowerAuth("PowerAuth routes", (bench) => {
  test("Every method is signed with its own name and body, and bodies may be anything", async () => {
    const device = await bench.activated();
    for (const method of ["POST", "PUT", "DELETE"]) {
      for (const body of ["{}", "no JSON at all", "", undefined, "x".repeat(500_000)]) {
        const answer = await device.signed(validatePath, { method, uriId: "/pa/signature/validate", body });
        assert.equal(answer.status, 200, `${method} ${body?.slice(0, 20)}`);
      }
    }
    const binary = concat(random(999), Uint8Array.of(0, 255));
    const headers = {
      ...device.sign({ uriId: "/pa/signature/validate", body: binary }),
      "content-type": "image/png",
    };
    assert.equal((await device.send("POST", validatePath, binary, headers)).status, 200);
    const swapped = device.sign({ method: "PUT", uriId: "/pa/signature/validate", body: "{}" });
    assert.equal((await device.send("POST", validatePath, "{}", swapped)).status, 401);
    const elsewhere = device.sign({ uriId: "/pa/signature/other", body: "{}" });
    assert.equal((await device.post(validatePath, "{}", elsewhere)).status, 401);
    assert.equal((await stateOf(bench, device)).failed, 0);
  });

  test("GET signs its query in canonical form, decoded once or twice, and counts a wrong PIN once", async () => {
    const device = await bench.activated();
    const query = "b=2&a=1%252B1&a=%C5%BD&c&=&d=x+y%2526z";
    assert.notEqual(canonicalQuery(query), canonicalQueryDecodedTwice(query));
    const get = (raw: string, signed: string, pin = "1234") => {
      const headers = device.sign({ method: "GET", uriId: "/pa/signature/validate", body: signed, pin });
      return device.send("GET", `${validatePath}${raw}`, undefined, headers);
    };
    assert.equal((await get(`?${query}`, canonicalQuery(query)!)).status, 200);
    assert.equal((await get(`?${query}`, canonicalQueryDecodedTwice(query)!)).status, 200);
    assert.equal((await get("", "")).status, 200);
    assert.equal((await get("?", "")).status, 200);
    assert.equal((await get("?a=1", canonicalQuery("a=2")!)).status, 401);
    assert.equal((await get("?a=%ZZ", "")).status, 401);
    assert.equal((await stateOf(bench, device)).failed, 0);
    assert.equal((await get(`?${query}`, canonicalQueryDecodedTwice(query)!, "0000")).status, 401);
    assert.equal((await stateOf(bench, device)).failed, 1);
    assert.equal((await get(`?${query}`, canonicalQuery(query)!, "0000")).status, 401);
    assert.equal((await stateOf(bench, device)).failed, 2);
  });

  test("What does not open is refused before its signature is looked at, and costs the device nothing", async () => {
    const device = await bench.activated();
    for (const [path, uriId, encryptor] of [
      ["/pa/v3/token/create", "/pa/token/create", encryptorIds.tokenCreate],
      ["/pa/v3/vault/unlock", "/pa/vault/unlock", encryptorIds.vaultUnlock],
    ] as const) {
      const { request } = await device.encrypt(encryptor, "{}");
      const broken = JSON.stringify({ ...request, mac: toBase64(random(32)) });
      const refused = await device.post(path, broken, device.sign({ uriId, body: broken }));
      assert.deepEqual([refused.status, refused.body.responseObject.code], [400, "ERR_ENCRYPTION"]);
      for (const body of ["{}", "[]", JSON.stringify({ ...request, nonce: undefined })]) {
        const incomplete = await device.post(path, body, device.sign({ uriId, body, pin: "0000" }));
        assert.deepEqual(
          [incomplete.status, incomplete.body.responseObject.message],
          [401, "POWER_AUTH_REQUEST_INVALID"],
        );
      }
    }
    assert.deepEqual(await stateOf(bench, device), { status: "ACTIVE", counter: 0, failed: 0 });
  });

  test("Rename signs the plaintext: a signature over the ciphertext is refused", async () => {
    const device = await bench.activated();
    const plaintext = JSON.stringify({ activationName: "New" });
    const sealed = await device.encrypt(encryptorIds.activationGeneric, plaintext);
    const over = (body: string, more: object = {}) =>
      device.post(
        "/pa/v3/activation/rename",
        sealed.body,
        device.sign({ uriId: "/pa/activation/rename", body, ...more }),
      );
    assert.equal((await over(sealed.body)).status, 401);
    assert.deepEqual(
      (await over(plaintext, { factors: "possession" })).body.responseObject.message,
      "POWER_AUTH_SIGNATURE_TYPE_INVALID",
    );
    assert.equal((await over(plaintext, { pin: "0000" })).status, 401);
    assert.equal((await over(plaintext)).status, 200);
    const nameless = await device.encrypt(encryptorIds.activationGeneric, "{}");
    const headers = device.sign({ uriId: "/pa/activation/rename", body: "{}" });
    assert.equal((await device.post("/pa/v3/activation/rename", nameless.body, headers)).status, 401);
    assert.equal((await bench.row(device.activationId)).name, "New");
  });

  test("Of two headers the signature's decides whose request it is", async () => {
    const [device, other] = [await bench.activated(), await bench.activated()];
    const sealed = await device.encrypt(encryptorIds.tokenCreate, "{}");
    const foreign = await other.encrypt(encryptorIds.tokenCreate, "{}");
    const headers = { ...foreign.headers, ...device.sign({ uriId: "/pa/token/create", body: sealed.body }) };
    assert.equal((await device.post("/pa/v3/token/create", sealed.body, headers)).status, 200);
  });

  test("Status needs nothing and tells the server's time", async () => {
    const device = bench.newDevice();
    for (const body of [undefined, "", "{}", "rubbish"]) {
      const answer = await device.post("/pa/v3/status", body);
      assert.equal(answer.status, 200);
      const { serverTime, application } = answer.body.responseObject;
      assert.ok(Math.abs(serverTime - Date.now()) < 10_000);
      assert.deepEqual(Object.keys(application), ["name", "version"]);
    }
  });

  test("There is nothing to upgrade, and recovery does not exist", async () => {
    const device = await bench.activated();
    for (const step of ["start", "commit"]) {
      const answer = await device.post(`/pa/v3/upgrade/${step}`, "{}");
      assert.deepEqual(
        [answer.status, answer.body.responseObject],
        [400, { code: "ERR_UPGRADE", message: "POWER_AUTH_UPGRADE_FAILED" }],
      );
    }
    const recovery = await device.post("/pa/v3/recovery/confirm", "{}");
    assert.deepEqual([recovery.status, recovery.body.responseObject.code], [404, "ERROR_NOT_FOUND"]);
  });

  test("Nothing malformed is ever answered with a 500", async () => {
    const device = await bench.activated();
    const { applicationKey } = bench.application.versions[0]!;
    const signature = device.sign({ uriId: "/pa/signature/validate", body: "{}" })[signatureHeaderName]!;
    const encryption = `PowerAuth version="3.3", application_key="${applicationKey}", activation_id="${device.activationId}"`;
    const token = `PowerAuth token_id="${device.activationId}", token_digest="${toBase64(random(32))}", nonce="${toBase64(random(16))}", timestamp="${Date.now()}", version="3.3"`;
    const paths = [
      "activation/create",
      "activation/status",
      "activation/remove",
      "activation/detail",
      "activation/rename",
      "token/create",
      "token/remove",
      "vault/unlock",
      "keystore/create",
      "user/info",
      "signature/validate",
      "upgrade/start",
      "upgrade/commit",
      "status",
      "nothing/here",
    ];
    const printable = fc.string({
      unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
      maxLength: 200,
    });
    const damaged = (whole: string) =>
      fc.oneof(
        fc.constant(whole),
        fc.nat(whole.length).map((length) => whole.slice(0, length)),
        fc
          .tuple(fc.nat(whole.length - 1), fc.constantFrom('"', "=", " ", ",", "x", "0"))
          .map(([at, by]) => whole.slice(0, at) + by + whole.slice(at + 1)),
        printable,
      );
    const json = fc.oneof(
      fc.json(),
      fc.string({ maxLength: 300 }),
      fc.constantFrom(
        "",
        "null",
        '{"requestObject":null}',
        '{"requestObject":{"activationId":"\\u0000","tokenId":"\\u0000","jwt":"\\u0000"}}',
        '{"__proto__":{}}',
        "[".repeat(5000),
      ),
      fc
        .record({
          requestObject: fc.record(
            { activationId: fc.anything(), challenge: fc.anything(), tokenId: fc.anything(), jwt: fc.anything() },
            { requiredKeys: [] },
          ),
        })
        .map((value) =>
          JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? String(item) : item)),
        ),
      fc
        .record({
          temporaryKeyId: fc.string(),
          ephemeralPublicKey: fc.base64String(),
          encryptedData: fc.base64String(),
          mac: fc.base64String(),
          nonce: fc.base64String(),
          timestamp: fc.double(),
        })
        .map((value) => JSON.stringify(value)),
    );
    const request = fc.record({
      method: fc.constantFrom("POST", "POST", "POST", "GET", "PUT", "DELETE"),
      path: fc.constantFrom(...paths),
      query: fc.constantFrom("", "?a=%", "?a=%00&b=\ufffd", `?${"a=1&".repeat(2000)}`),
      body: json,
      headers: fc.record(
        {
          [signatureHeaderName]: damaged(signature),
          [encryptionHeaderName]: damaged(encryption),
          [tokenHeaderName]: damaged(token),
          "content-type": fc.constantFrom("application/json", "text/plain", "application/json; charset=utf-16", "x"),
        },
        { requiredKeys: [] },
      ),
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ method, path, query, body, headers }) => {
        const withBody = method !== "GET";
        const answer = await device.send(
          method,
          `/pa/v3/${path}${encodeURI(query)}`,
          withBody ? body : undefined,
          headers,
        );
        assert.ok(answer.status < 500, `${answer.status} ${JSON.stringify(answer.body)}`);
        if (answer.status >= 400) assert.equal(typeof answer.body.responseObject.code, "string");
      }),
      { numRuns: 600 },
    );
    const { status, failed } = await stateOf(bench, device);
    assert.deepEqual([status, failed], ["ACTIVE", 0]);
  });
});
