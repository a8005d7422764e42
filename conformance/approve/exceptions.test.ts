/** Every exception of the Approve SDK, made to happen through the public objects, with what it carries. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as sdk from "@countersign/client/approve";
import {
  type ApproveException,
  type AsyncOTPGenerator,
  BiometryFailure,
  type BiometryProvider,
  type BioPasswordPolicy,
  CancelationReason,
  type Container,
  ContainerInitialization,
  type Device,
  type DeviceContext,
  DeviceFactory,
  type PasswordPolicy,
} from "@countersign/client/approve";
import { createMemoryStorage } from "@countersign/client/storage/memory";
import { passwordRules } from "@countersign/protocol/approve/policy";
import { stores } from "../world.ts";
import { bytes, closing, contextOf, deviceOf, enrolled, password, typing, worldOn } from "./approve-world.ts";

type Fetch = (url: string, init: RequestInit) => Promise<Response>;
type Name = Exclude<Extract<keyof typeof sdk, `${string}Exception`>, "ApproveException">;

interface Row {
  readonly code?: number;
  readonly retryable?: true;
  readonly parameters?: readonly string[];
  /** Rejects or throws with it. */
  happen(): Promise<unknown>;
}

const day = 86_400_000;

for (const store of await stores()) {
  describe(`exceptions of the Approve SDK on ${store.name}`, () => {
    const world = worldOn(store);

    /** A device with a container under a policy of its own. */
    const made = async (rules: object = {}, more: object = {}, context: Partial<DeviceContext> = {}) => {
      const id = `type ${world.userOf()}`.replace(" ", "-").replace(" ", "-");
      const own = { type: "PASSWORD", password: { ...passwordRules, ...rules }, lock: { type: "none" }, ...more };
      await world.deviceType(
        {
          policies: { device: { type: "DEVICE", lock: { type: "none" } }, own },
          keyPolicies: { auth: "own", tx: "own", enc: "device", pop: "device" },
          otp: [{ label: "ocra", type: "OCRA", digits: 6, algorithm: "SHA1", policy: "device", suite }],
        },
        id,
      );
      let ahead = 0;
      let network: Fetch = fetch;
      const now = () => Date.now() + ahead;
      const device = await deviceOf({ ...context, now }, (url, init) => network(url, init));
      const { offer } = await world.offer(world.userOf(), { deviceType: id });
      const init = new ContainerInitialization({ activationCode: offer });
      const container = await device.createContainer(init, null, typing());
      const answers = (status: number, body: object | string) => {
        network = async () => new Response(typeof body === "string" ? body : JSON.stringify(body), { status });
      };
      const wait = (milliseconds: number) => void (ahead += milliseconds);
      return { device, container, init, answers, wait, cut: () => (network = () => Promise.reject(new TypeError())) };
    };
    const next = async ({ device, container }: { device: Device; container: Container }) => {
      await world.operation(container.userId);
      const reference = (await container.retrieveTransactionIds()).at(-1)!;
      return (await device.retrieveActionInfo(reference)).getAction();
    };
    const policyOf = async <Policy>(container: Container) =>
      (await container.findKeys())[1]!.getProtectionPolicy() as unknown as Policy;

    const rows: Readonly<Record<Name, Row | "never">> = {
      InternalException: {
        code: 0,
        parameters: [],
        async happen() {
          const storage = { ...createMemoryStorage(), set: () => Promise.reject(new Error("disk")) };
          return enrolled(world, await deviceOf({ storage }), world.userOf());
        },
      },
      InvalidParameterException: {
        code: 3,
        parameters: [],
        happen: async () => (await next(await made())).setStatus("perhaps", bytes(password)),
      },
      UnsupportedOperationException: {
        code: 2,
        parameters: [],
        async happen() {
          const { container } = await made({}, { lock: { type: "silent" } });
          await (await policyOf<PasswordPolicy>(container)).verifyPassword(bytes(password));
        },
      },
      InvalidContainerException: {
        code: 8,
        parameters: ["container-unknown"],
        async happen() {
          const { container } = await made();
          await world.operation(container.userId);
          const [reference] = await container.retrieveTransactionIds();
          return (await deviceOf()).retrieveActionInfo(reference!);
        },
      },
      InexplicitContainerException: {
        code: 9,
        parameters: ["anna", "bert"],
        async happen() {
          const device = await deviceOf();
          for (const user of ["anna", "bert"]) await enrolled(world, device, user);
          const { open } = await world.v1("POST", "/transactions", world.payment({}));
          return device.retrieveActionInfo(open.reference);
        },
      },
      UnsupportedDeviceException: {
        code: 200,
        parameters: [],
        happen() {
          const crypto = Object.getOwnPropertyDescriptor(globalThis, "crypto")!;
          Object.defineProperty(globalThis, "crypto", { ...crypto, get: () => ({}) });
          try {
            return DeviceFactory.getDevice(contextOf());
          } finally {
            Object.defineProperty(globalThis, "crypto", crypto);
          }
        },
      },
      UnsafeDeviceException: {
        parameters: [],
        async happen() {
          const { container } = await made({}, {}, { rooted: true });
          await policyOf(container);
        },
      },
      LostCredentialsException: {
        code: 106,
        parameters: ["lost"],
        async happen() {
          const storage = createMemoryStorage();
          const { container } = await made({}, {}, { storage });
          await storage.remove(`${container.getId()}/approve-keys`);
          return deviceOf({ storage });
        },
      },
      AuthenticationException: {
        code: 100,
        retryable: true,
        happen: async () => (await next(await made())).setStatus("approve", bytes("wrong password 9")),
      },
      PasswordRequiredException: {
        code: 105,
        retryable: true,
        happen: async () => (await next(await made())).setStatus("approve"),
      },
      PasswordExpiredException: {
        code: 103,
        async happen() {
          const at = await made({ maxAge: 2 });
          const tx = await next(at);
          at.wait(3 * day);
          return tx.setStatus("approve", bytes(password));
        },
      },
      InvalidPasswordException: {
        code: 101,
        retryable: true,
        parameters: ["minLength"],
        async happen() {
          const { container } = await made();
          return (await policyOf<PasswordPolicy>(container)).changePassword(bytes(password), bytes("short"));
        },
      },
      PasswordNotYetUpdatableException: {
        code: 104,
        retryable: true,
        async happen() {
          const { container } = await made({ minAge: 1 });
          return (await policyOf<PasswordPolicy>(container)).changePassword(bytes(password), bytes("another one 7"));
        },
      },
      PasswordCancelledException: {
        retryable: true,
        parameters: ["prompt-cancelled"],
        async happen() {
          const { offer } = await world.offer(world.userOf());
          return (await deviceOf()).createContainer(
            new ContainerInitialization({ activationCode: offer }),
            null,
            closing,
          );
        },
      },
      FingerprintAuthenticationRequiredException: {
        retryable: true,
        async happen() {
          const biometryProvider = finger();
          const at = await made({}, { type: "BIOPASSWORD" }, { biometryProvider });
          await (await policyOf<BioPasswordPolicy>(at.container)).enableBioAuthentication(bytes(password));
          const tx = await next(at);
          biometryProvider.failure = new BiometryFailure("CANCEL");
          return tx.setStatus("approve");
        },
      },
      FingerprintNotEnrolledException: {
        async happen() {
          const biometryProvider = finger("NOT_ENROLLED");
          const { container } = await made({}, { type: "BIOPASSWORD" }, { biometryProvider });
          return (await policyOf<BioPasswordPolicy>(container)).enableBioAuthentication(bytes(password));
        },
      },
      InvalidChallengeException: {
        async happen() {
          const { container } = await made();
          const generator = (await container.findKeys())[3]!.getDefaultOTPGenerator() as AsyncOTPGenerator;
          assert.match(await generator.computeResponse(null, "12345678"), /^\d{6}$/);
          return generator.computeResponse(null, "no digits");
        },
      },
      TransactionExpiredException: {
        parameters: ["transaction-unknown"],
        async happen() {
          const { open } = await world.v1("POST", "/transactions", world.payment({}));
          const [first, second] = [await made(), await made()];
          await (await first.device.retrieveActionInfo(open.reference)).getAction();
          return (await second.device.retrieveActionInfo(open.reference)).getAction();
        },
      },
      TransactionCanceledException: {
        parameters: ["operation-canceled"],
        async happen() {
          const tx = await next(await made());
          await tx.cancel(null, CancelationReason.USER_CANCEL);
          return tx.setStatus("approve", bytes(password));
        },
      },
      // The server's word for a key whose year is over: nobody waits for it here.
      CredentialsExpiredException: {
        code: 102,
        parameters: ["key-expired"],
        async happen() {
          const at = await made();
          const tx = await next(at);
          at.answers(403, { code: "key-expired" });
          return tx.setStatus("approve", bytes(password));
        },
      },
      RemoteException: {
        retryable: true,
        parameters: ["network"],
        async happen() {
          const at = await made();
          at.cut();
          return at.container.retrieveTransactionIds();
        },
      },
      ServerAuthenticationException: {
        parameters: ["container-blocked"],
        async happen() {
          const { container } = await made();
          const activationId = container.getProperty(sdk.SDKConstants.PROPERTY_DEVICEID);
          await world.backOffice("/rest/v3/activation/block", { activationId });
          return container.retrieveTransactionIds();
        },
      },
      ServerOperationFailedException: {
        parameters: ["offer-used"],
        async happen() {
          const { device, init } = await made();
          return device.createContainer(init, null, typing());
        },
      },
      ServerProtocolException: {
        parameters: ["message-wrong"],
        async happen() {
          const at = await made();
          at.answers(200, "<html>");
          return at.container.retrieveTransactionIds();
        },
      },
      ServerVersionException: {
        parameters: ["version"],
        async happen() {
          const { offer } = await world.offer(world.userOf());
          const device = await deviceOf({}, async (url, init) => {
            const answer = await fetch(url, init);
            return url.endsWith("/metadata") ? Response.json({ ...(await answer.json()), versions: [2] }) : answer;
          });
          return device.createContainer(new ContainerInitialization({ activationCode: offer }), null, typing());
        },
      },
      ServerUnsupportedOperationException: {
        async happen() {
          const features = { cancel: false, direct: true, renew: true };
          await world.deviceType({ features }, "uncancelable");
          const device = await deviceOf();
          const { offer } = await world.offer(world.userOf(), { deviceType: "uncancelable" });
          const init = new ContainerInitialization({ activationCode: offer });
          const tx = await next({ device, container: await device.createContainer(init, null, typing()) });
          return tx.cancel(null, CancelationReason.USER_CANCEL);
        },
      },
      // Of Android alone; it is there so that applications which name it compile.
      GooglePlayServicesObsoleteException: "never",
    };

    it("each class of the list has its row", () => {
      const exported = Object.keys(sdk).filter((name) => name.endsWith("Exception") && name !== "ApproveException");
      assert.deepEqual(exported.sort(), Object.keys(rows).sort());
    });

    for (const [name, row] of Object.entries(rows)) {
      if (row === "never") continue;
      it(`A10, A17: ${name} happens, with its code, parameters and whether to try again`, async () => {
        const error = await row.happen().then(
          () => assert.fail("nothing happened"),
          (thrown: ApproveException) => thrown,
        );
        assert.ok(error instanceof sdk[name as Name], String(error));
        assert.equal(error.name, name);
        assert.equal(error.code, row.code);
        assert.equal(error.retryable, row.retryable ?? false);
        if (row.parameters !== undefined) assert.deepEqual(error.getParameters(), row.parameters);
        assert.ok(![error.message, error.stack, ...error.parameters].join(" ").includes(password), "says no password");
      });
    }
  });
}

const suite = "OCRA-1:HOTP-SHA1-6:QN08";

function finger(status: "OK" | "NOT_ENROLLED" = "OK") {
  const keys = new Map<string, Uint8Array<ArrayBuffer>>();
  const provider: BiometryProvider & { failure: Error | undefined } = {
    failure: undefined,
    info: async () => ({ isAvailable: status === "OK", biometryType: "FINGERPRINT", canAuthenticate: status }),
    has: async (name) => keys.has(name),
    store: async (name, key) => void keys.set(name, key.slice()),
    async load(name) {
      if (provider.failure !== undefined) throw provider.failure;
      return keys.get(name)!.slice();
    },
    remove: async (name) => void keys.delete(name),
  };
  return provider;
}
