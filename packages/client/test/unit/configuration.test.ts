import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import { toBase64 } from "@countersign/protocol/bytes";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import {
  PowerAuth,
  PowerAuthClientConfiguration,
  PowerAuthConfiguration,
  PowerAuthError,
  PowerAuthKeychainConfiguration,
} from "../../src/mobile-token/index.ts";
import { createMemoryStorage } from "../../src/storage/memory.ts";
import { Peer } from "../peer.ts";

const fails = (code: string) => (error: unknown) => error instanceof PowerAuthError && error.code === code;
const fresh = () => new PowerAuth(randomUUID());

function parts(peer: Peer) {
  return [
    toBase64(peer.applicationKey),
    toBase64(peer.applicationSecret),
    toBase64(nodeCrypto.exportPublicKey(peer.master.publicKey, "compressed")),
  ] as const;
}

/** Works only with the right application: the temporary key is fetched and its signature checked. */
async function proves(powerAuth: PowerAuth): Promise<void> {
  await powerAuth.getEncryptorForApplicationScope().encryptRequest("{}");
}

describe("configure", () => {
  test("takes objects, with one string or with three values", async () => {
    const peer = new Peer();
    const [key, secret, master] = parts(peer);
    const { configuration, baseEndpointUrl } = peer.configuration;
    const forms = [
      { configuration, baseEndpointUrl },
      new PowerAuthConfiguration(configuration, baseEndpointUrl),
      new PowerAuthConfiguration(key, secret, master, baseEndpointUrl),
      { applicationKey: key, applicationSecret: secret, masterServerPublicKey: master, baseEndpointUrl },
    ];
    for (const form of forms) {
      const powerAuth = fresh();
      const environment = { fetch: peer.fetch };
      assert.equal(await powerAuth.configure(form, undefined, undefined, undefined, undefined, environment), true);
      assert.equal(await powerAuth.isConfigured(), true);
      assert.equal(powerAuth.configuration?.baseEndpointUrl, baseEndpointUrl);
      await proves(powerAuth);
    }
  });

  test("takes both positional forms, with the environment after them", async () => {
    const peer = new Peer();
    const environment = { fetch: peer.fetch };
    const { configuration, baseEndpointUrl } = peer.configuration;
    const [first, second] = [fresh(), fresh()];
    await first.configure(...parts(peer), baseEndpointUrl, true, environment);
    await second.configure(configuration, baseEndpointUrl, false, environment);
    assert.equal(first.clientConfiguration?.enableUnsecureTraffic, true);
    assert.equal(second.clientConfiguration?.enableUnsecureTraffic, false);
    await proves(first);
    await proves(second);
  });

  test("shows what it took, frozen and with all defaults; nothing before and nothing afterwards", async () => {
    const peer = new Peer();
    const powerAuth = fresh();
    assert.equal(fresh().configuration, undefined);
    await powerAuth.configure(peer.configuration, { readTimeout: 5 });
    assert.ok(Object.isFrozen(powerAuth.configuration));
    assert.equal(powerAuth.clientConfiguration?.readTimeout, 5);
    assert.equal(powerAuth.clientConfiguration?.connectionTimeout, 20);
    assert.equal(powerAuth.clientConfiguration?.enableUnsecureTraffic, false);
    assert.equal(powerAuth.biometryConfiguration?.authenticateOnBiometricKeySetup, true);
    assert.equal(powerAuth.keychainConfiguration?.minimalRequiredKeychainProtection, "NONE");
    assert.equal(powerAuth.sharingConfiguration, undefined);
    assert.equal((await Promise.resolve(powerAuth.configuration))?.baseEndpointUrl, peer.baseEndpointUrl);
    await powerAuth.deconfigure();
    await powerAuth.deconfigure();
    assert.equal(powerAuth.configuration, undefined);
    assert.equal(powerAuth.clientConfiguration, undefined);
  });

  test("is refused a second time, by any object of the same id, and the first configuration stays", async () => {
    const [peer, other] = [new Peer(), new Peer()];
    const powerAuth = fresh();
    await powerAuth.configure(peer.configuration, {}, {}, {}, undefined, { fetch: peer.fetch });
    const twin = new PowerAuth(powerAuth.instanceId);
    assert.equal(await twin.isConfigured(), true);
    await assert.rejects(twin.configure(peer.configuration), fails("REACT_NATIVE_ERROR"));
    await assert.rejects(powerAuth.configure(other.configuration), fails("REACT_NATIVE_ERROR"));
    assert.equal(twin.configuration?.configuration, peer.configuration.configuration);
    await proves(twin);
  });

  const peer = new Peer();
  const [key, secret, master] = parts(peer);
  const { configuration, baseEndpointUrl } = peer.configuration;
  const wrong: Record<string, unknown> = {
    nothing: undefined,
    "an empty object": {},
    "no base address": { configuration },
    "a base address without scheme": { configuration, baseEndpointUrl: "server.test" },
    "a base address of another scheme": { configuration, baseEndpointUrl: "ftp://server.test" },
    "a base address with a query": { configuration, baseEndpointUrl: "https://server.test/?a=b" },
    "a configuration string that is cut": { configuration: configuration.slice(0, 80), baseEndpointUrl },
    "a key of another length": {
      applicationKey: "AAAA",
      applicationSecret: secret,
      masterServerPublicKey: master,
      baseEndpointUrl,
    },
    "a secret that is no Base64": {
      applicationKey: key,
      applicationSecret: "?",
      masterServerPublicKey: master,
      baseEndpointUrl,
    },
    "a master key off the curve": {
      applicationKey: key,
      applicationSecret: secret,
      masterServerPublicKey: toBase64(new Uint8Array(65).fill(4)),
      baseEndpointUrl,
    },
    "no master key": { applicationKey: key, applicationSecret: secret, baseEndpointUrl },
  };
  for (const [what, value] of Object.entries(wrong)) {
    test(`refuses ${what} with WRONG_PARAMETER and stays unconfigured`, async () => {
      const powerAuth = fresh();
      await assert.rejects(powerAuth.configure(value as never), fails("WRONG_PARAMETER"));
      assert.equal(await powerAuth.isConfigured(), false);
    });
  }

  test("refuses an unknown protocol version, a timeout that is none, and an empty instance id", async () => {
    const environment = { protocolVersion: "3.4" };
    const configure = fresh().configure(peer.configuration, {}, {}, {}, undefined, environment);
    await assert.rejects(configure, fails("WRONG_PARAMETER"));
    await assert.rejects(fresh().configure(peer.configuration, { readTimeout: Number.NaN }), fails("WRONG_PARAMETER"));
    await assert.rejects(new PowerAuth("").configure(peer.configuration), fails("WRONG_PARAMETER"));
    await assert.rejects(new PowerAuth("").hasValidActivation(), fails("WRONG_PARAMETER"));
  });

  test("refuses a storage that protects less than required with INSUFFICIENT_KEYCHAIN_PROTECTION", async () => {
    const keychain = PowerAuthKeychainConfiguration.default();
    keychain.minimalRequiredKeychainProtection = "SOFTWARE";
    const configure = (protection: "NONE" | "SOFTWARE" | "HARDWARE") => {
      const storage = { ...createMemoryStorage(), protection };
      return fresh().configure(peer.configuration, {}, {}, keychain, undefined, { storage });
    };
    await assert.rejects(configure("NONE"), fails("INSUFFICIENT_KEYCHAIN_PROTECTION"));
    await configure("SOFTWARE");
    await configure("HARDWARE");
  });

  test("custom headers and basic authentication go along with every request; slashes at the end do not double", async () => {
    const seen: { url: string; headers: Headers }[] = [];
    const fetch: typeof peer.fetch = async (url, init) => {
      seen.push({ url, headers: new Headers(init.headers) });
      return new Response("", { status: 500 });
    };
    const client = PowerAuthClientConfiguration.default();
    client.customHttpHeaders = [{ name: "X-Bank", value: "7" }];
    client.basicHttpAuthentication = { username: "žaneta", password: "p:q" };
    const powerAuth = fresh();
    await powerAuth.configure(
      { configuration, baseEndpointUrl: "https://server.test/a//" },
      client,
      {},
      {},
      undefined,
      { fetch },
    );
    await assert.rejects(proves(powerAuth), fails("RESPONSE_ERROR"));
    assert.equal(seen[0]?.url, "https://server.test/a/pa/v3/keystore/create");
    assert.equal(seen[0]?.headers.get("X-Bank"), "7");
    assert.equal(seen[0]?.headers.get("Authorization"), `Basic ${Buffer.from("žaneta:p:q").toString("base64")}`);
  });

  test("plain HTTP is configured and then refused at the first call with NETWORK_ERROR", async () => {
    const powerAuth = fresh();
    await powerAuth.configure(configuration, "http://server.test", false, { fetch: peer.fetch });
    await assert.rejects(proves(powerAuth), fails("NETWORK_ERROR"));
  });
});
