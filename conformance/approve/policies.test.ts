/** Policies as the server names them, over HTTP: the session key's password, limits of passwords, and locks. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  AuthenticationException,
  type BioPasswordPolicy,
  type Container,
  ContainerInitialization,
  ContainerRenewal,
  InvalidPasswordException,
  type PasswordPolicy,
  PasswordRequiredException,
  SDKConstants,
  type SyncOTPGenerator,
  UnsupportedOperationException,
} from "@countersign/client/approve";
import { type PasswordRules, passwordRules } from "@countersign/protocol/approve/policy";
import { stores } from "../world.ts";
import { bytes, cut, deviceOf, typing, worldOn } from "./approve-world.ts";

const right = "Correct horse 42";
const device = { type: "DEVICE", lock: { type: "none" } };
const open: Partial<PasswordRules> = { minLength: 1, sequenceAllowed: true };

/** A password below, at and above each bound; `at` is the only one that fits. */
const bounds: readonly (readonly [keyof PasswordRules, number, wrong: string, at: string, alsoGood: string])[] = [
  ["minLength", 8, "abcdefg", "abcdefgh", "abcdefghi"],
  ["maxLength", 8, "abcdefghi", "abcdefgh", "abcdefg"],
  ["minUpperCase", 2, "Abcdefg", "ABcdefg", "ABCdefg"],
  ["maxUpperCase", 2, "ABCdefg", "ABcdefg", "Abcdefg"],
  ["minLowerCase", 2, "ABCDe", "ABCDef", "ABCDefg"],
  ["maxLowerCase", 2, "ABCDefg", "ABCDef", "ABCDe"],
  ["minAlpha", 2, "1234a", "1234ab", "1234abc"],
  ["maxAlpha", 2, "1234abc", "1234ab", "1234a"],
  ["minNumeric", 2, "abcd1", "abcd12", "abcd123"],
  ["maxNumeric", 2, "abcd123", "abcd12", "abcd1"],
  ["minNonAlpha", 2, "abcd!", "abcd!?", "abcd!?-"],
  ["maxNonAlpha", 2, "abcd!?-", "abcd!?", "abcd!"],
];

for (const store of await stores()) {
  describe(`policies of Approve containers on ${store.name}`, () => {
    const world = worldOn(store);
    let types = 0;

    const typeWith = async (own: object, more: object = {}) => {
      const id = `own-${++types}`;
      const keyPolicies = { auth: "own", tx: "own", enc: "device", pop: "device" };
      await world.deviceType({ policies: { device, own }, keyPolicies, ...more }, id);
      return async () => {
        const { offer } = await world.offer(world.userOf(), { deviceType: id });
        return new ContainerInitialization({ activationCode: offer });
      };
    };
    const passwordPolicy = (rules: Partial<PasswordRules>, lock: object = { type: "none" }) => ({
      type: "PASSWORD",
      password: { ...passwordRules, ...rules },
      lock,
    });
    const signingPolicy = async (container: Container) =>
      (await container.findKeys())[1]!.getProtectionPolicy() as PasswordPolicy;

    it("A07: a session key under a password: the policy is known beforehand, a wrong password is a typed error and nothing is fetched", async () => {
      const keyPolicies = { auth: "own", tx: "device", enc: "own", pop: "device" };
      const offerInit = await typeWith(passwordPolicy({}, { type: "counter", counter: 3 }), { keyPolicies });
      const network = cut();
      let calls = 0;
      const phone = await deviceOf({}, (url, init) => (calls++, network.fetch(url, init)));
      const container = await phone.createContainer(await offerInit(), null, typing(right));
      await world.operation(container.userId);
      const [reference] = await container.retrieveTransactionIds();
      network.isCut = true;
      const info = await phone.retrieveActionInfo(reference!);
      const policy = info.getProtectionKey().getProtectionPolicy() as PasswordPolicy;
      assert.equal(policy.getType(), "PASSWORD");
      assert.equal(policy.getMinLength(), 6);
      assert.equal(policy.getLockPolicy().getType(), "COUNTER");
      network.isCut = false;
      const before = calls;
      await assert.rejects(info.getAction(), PasswordRequiredException);
      const wrong = bytes("wrong password 9");
      await assert.rejects(info.getAction(wrong), AuthenticationException);
      assert.ok(wrong.every((byte) => byte === 0));
      assert.equal(calls, before, "nothing is fetched");
      assert.ok((await info.getAction(bytes(right))).toString().includes("Rent"));
      const renewing = container.renew(new ContainerRenewal({ password: bytes("wrong password 9") }), typing(right));
      await assert.rejects(renewing, AuthenticationException);
      await container.renew(new ContainerRenewal({ password: bytes(right) }), typing(right));
      assert.ok((await info.getAction(bytes(right))).toString().includes("Rent"));
      for (let tries = 0; tries < 3; tries++)
        await assert.rejects(info.getAction(bytes("no")), AuthenticationException);
      await assert.rejects(info.getAction(bytes(right)), AuthenticationException, "destroyed");
    });

    for (const [rule, bound, wrong, at, alsoGood] of bounds) {
      it(`A16, A17: ${rule} ${bound} of the server: beyond it is refused and named, at it and within it are taken`, async () => {
        const offerInit = await typeWith(passwordPolicy({ ...open, [rule]: bound }));
        const phone = await deviceOf();
        const init = await offerInit();
        const refused = (error: unknown) => {
          assert.ok(error instanceof InvalidPasswordException, String(error));
          assert.deepEqual(error.getParameters(), [rule]);
          return true;
        };
        await assert.rejects(phone.createContainer(init, null, typing(wrong)), refused);
        const policy = await signingPolicy(await phone.createContainer(init, null, typing(at)));
        await assert.rejects(policy.changePassword(bytes(at), bytes(wrong)), refused);
        assert.equal(await policy.changePassword(bytes(at), bytes(alsoGood)), true);
        await policy.verifyPassword(bytes(alsoGood));
        await assert.rejects(policy.verifyPassword(bytes(at)), AuthenticationException);
      });
    }

    it("A16: a counter lock of 3 destroys the keys with the third failure (APV-LOCK-1, -3)", async () => {
      const offerInit = await typeWith(passwordPolicy({}, { type: "counter", counter: 3 }));
      const phone = await deviceOf();
      const policy = await signingPolicy(await phone.createContainer(await offerInit(), null, typing(right)));
      const wrong = () => assert.rejects(policy.verifyPassword(bytes("wrong")), AuthenticationException);
      await wrong();
      await wrong();
      await policy.verifyPassword(bytes(right));
      for (let failures = 0; failures < 3; failures++) await wrong();
      await assert.rejects(policy.verifyPassword(bytes(right)), AuthenticationException);
    });

    it("A16: a delay lock of 2 s and 6 doubles the wait up to 2 s × 2^6, to the millisecond (APV-LOCK-3)", async () => {
      let time = Date.now();
      const offerInit = await typeWith(passwordPolicy({}, { type: "delay", delay: 2, counter: 6 }));
      const phone = await deviceOf({ now: () => time });
      const policy = await signingPolicy(await phone.createContainer(await offerInit(), null, typing(right)));
      const failing = async (password: string) =>
        policy.verifyPassword(bytes(password)).then(
          () => undefined,
          (error: AuthenticationException) => error,
        );
      for (const seconds of [2, 4, 8, 16, 32, 64, 128, 128]) {
        assert.ok((await failing("wrong")) instanceof AuthenticationException);
        time += seconds * 1000 - 1;
        const locked = await failing(right);
        assert.equal(locked?.retryAt, time + 1, `${seconds} s`);
        time += 1;
      }
      assert.equal(await failing(right), undefined);
      assert.ok((await failing("wrong")) instanceof AuthenticationException);
      time += 2000;
      assert.equal(await failing(right), undefined, "a right password starts again");
    });

    it("A16: no lock forgives any number of failures, and a cached password is used until clearCache", async () => {
      const offerInit = await typeWith(passwordPolicy({ cacheSeconds: 60 }));
      const phone = await deviceOf();
      const container = await phone.createContainer(await offerInit(), null, typing(right));
      const policy = await signingPolicy(container);
      for (let tries = 0; tries < 12; tries++) {
        await assert.rejects(policy.verifyPassword(bytes("wrong")), AuthenticationException);
      }
      await policy.verifyPassword(bytes(right));
      const next = async () => {
        await world.operation(container.userId);
        return (await phone.retrieveActionInfo((await container.retrieveTransactionIds()).at(-1)!)).getAction();
      };
      assert.equal(await (await next()).setStatus("approve", bytes(right)), true);
      assert.equal(await (await next()).setStatus("approve"), true, "cached");
      phone.clearCache();
      await assert.rejects((await next()).setStatus("approve"), PasswordRequiredException);
    });

    it("A17: biometry is switched on with the password only, and where the device has none it is unsupported", async () => {
      const offerInit = await typeWith({ ...passwordPolicy({}), type: "BIOPASSWORD" });
      const phone = await deviceOf();
      const container = await phone.createContainer(await offerInit(), null, typing(right));
      const policy = (await signingPolicy(container)) as unknown as BioPasswordPolicy;
      assert.equal(await policy.getBioAuthenticationState(), "NOT_CAPABLE");
      await assert.rejects(policy.enableBioAuthentication(bytes(right)), UnsupportedOperationException);
      await assert.rejects(policy.disableBioAuthentication(), UnsupportedOperationException);
    });

    it("A20: a key makes the one-time passwords that its server accepts once (APV-OTP-1)", async () => {
      const otp = [{ label: "event", type: "HOTP", digits: 6, algorithm: "SHA1", policy: "own" }];
      const offerInit = await typeWith(passwordPolicy({}), { otp });
      const phone = await deviceOf();
      const container = await phone.createContainer(await offerInit(), null, typing(right));
      const keys = await container.findKeys();
      const key = keys.find((one) => one.getLabel() === "event")!;
      const generator = key.getDefaultOTPGenerator() as SyncOTPGenerator;
      const code = await generator.getOTP(bytes(right));
      await assert.rejects(generator.getOTP(), PasswordRequiredException);
      await assert.rejects(generator.getOTP(bytes("wrong")), AuthenticationException);
      assert.throws(() => keys[0]!.getDefaultOTPGenerator(), UnsupportedOperationException);
      const id = container.getProperty(SDKConstants.PROPERTY_DEVICEID);
      const { containerId } = await world.v1("POST", "/otp/validate", { containerId: id, label: "event", otp: code });
      assert.equal(containerId, id);
    });
  });
}
