/** Answers of Approve devices: what stands in them, what becomes of one without a reply, and every exception. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  AuthenticationException,
  CancelationReason,
  type Container,
  type Device,
  InternalException,
  InvalidParameterException,
  Parameter,
  PasswordRequiredException,
  RemoteException,
  SDKConstants,
  ServerAuthenticationException,
  ServerOperationFailedException,
  ServerProtocolException,
  ServerUnsupportedOperationException,
  TransactionCanceledException,
  TransactionExpiredException,
  UnsafeDeviceException,
} from "@countersign/client/approve";
import { createMemoryStorage } from "@countersign/client/storage/memory";
import { stores } from "../world.ts";
import { bytes, deviceOf, enrolled, worldOn, password } from "./approve-world.ts";

const { PARAM_TX_MOBILE_CONTEXT, PARAM_TX_NUMBER } = SDKConstants;
type Fetch = (url: string, init: RequestInit) => Promise<Response>;

for (const store of await stores()) {
  describe(`answers of Approve devices on ${store.name}`, () => {
    const world = worldOn(store);
    let fetchAs: Fetch = fetch;

    const made = async () => {
      fetchAs = fetch;
      const device = await deviceOf({}, (url, init) => fetchAs(url, init));
      return { device, container: await enrolled(world, device, world.userOf()) };
    };
    const next = async ({ device, container }: { device: Device; container: Container }, more: object = {}) => {
      const id = await world.operation(container.userId, more);
      const reference = (await container.retrieveTransactionIds()).at(-1)!;
      return { id, tx: await (await device.retrieveActionInfo(reference)).getAction() };
    };

    it("an answer without a reply is signed and sent again, the same, and counts once (APV-RES-9)", async () => {
      const at = await made();
      const { id, tx } = await next(at);
      const bodies: unknown[] = [];
      fetchAs = async (url, init) => {
        const answer = await fetch(url, init);
        if (!url.endsWith("/response")) return answer;
        bodies.push(init.body);
        if (bodies.length === 1) throw new TypeError("the reply was lost");
        return answer;
      };
      await assert.rejects(tx.setStatus("approve", bytes(password)), RemoteException);
      assert.equal(await world.statusOf(id), "APPROVED");
      assert.equal(await tx.setStatus("approve", bytes(password)), true);
      const signed = bodies.map((body) => JSON.parse(String(body)).response.split(".").slice(0, 2));
      assert.deepEqual(signed[0], signed[1]);
      const later = await next(at);
      assert.equal(await later.tx.setStatus("decline", bytes(password)), true);
      assert.equal(await world.statusOf(later.id), "REJECTED");
    });

    it("a device that does not know whether its last answer arrived asks, and goes on (APV-RES-3)", async () => {
      for (const arrives of [true, false]) {
        const at = await made();
        const { tx } = await next(at);
        fetchAs = async (url, init) => {
          if (url.endsWith("/response") && !arrives) throw new TypeError("nothing was sent");
          const answer = await fetch(url, init);
          if (url.endsWith("/response")) throw new TypeError("the reply was lost");
          return answer;
        };
        await assert.rejects(tx.setStatus("approve", bytes(password)), RemoteException);
        fetchAs = fetch;
        const later = await next(at);
        assert.equal(await later.tx.setStatus("approve", bytes(password)), true, String(arrives));
        const last = await next(at);
        assert.equal(await last.tx.setStatus("approve", bytes(password)), true);
      }
    });

    it("two devices with one container's keys are found out (APV-RES-3)", async () => {
      const storage = createMemoryStorage();
      const container = await enrolled(world, await deviceOf({ storage }), world.userOf());
      const records = new Map<string, Uint8Array>();
      for (const key of ["approve/device", ...(await namesOf(storage, container.id))]) {
        const value = await storage.get(key);
        if (value !== undefined) records.set(key, value);
      }
      const copy = createMemoryStorage();
      for (const [key, value] of records) await copy.set(key, value);
      const [one, two] = [await deviceOf({ storage }), await deviceOf({ storage: copy })];
      const first = await next({ device: one, container: (await one.findContainers())[0]! });
      assert.equal(await first.tx.setStatus("approve", bytes(password)), true);
      const second = await next({ device: two, container: (await two.findContainers())[0]! });
      await assert.rejects(second.tx.setStatus("approve", bytes(password)), ServerAuthenticationException);
      assert.equal(await world.statusOf(second.id), "PENDING");
    });

    it("a transaction that was altered on the way is not shown", async () => {
      const at = await made();
      const id = await world.operation(at.container.userId);
      const [reference] = await at.container.retrieveTransactionIds();
      const info = await at.device.retrieveActionInfo(reference!);
      for (const position of [5, 60, 200, 400]) {
        fetchAs = async (url, init) => {
          const answer = await fetch(url, init);
          if (!url.endsWith(id)) return answer;
          const { transaction } = (await answer.json()) as { transaction: string };
          const other = transaction[position] === "A" ? "B" : "A";
          return Response.json({
            transaction: transaction.slice(0, position) + other + transaction.slice(position + 1),
          });
        };
        await assert.rejects(info.getAction(), ServerProtocolException, String(position));
      }
      fetchAs = fetch;
      await info.getAction(undefined, undefined);
    });

    it("takes the mobile context byte for byte, and nothing that is no Base64 or too large", async () => {
      const at = await made();
      const { id, tx } = await next(at);
      let sent = 0;
      fetchAs = (url, init) => (sent++, fetch(url, init));
      const context = (value: string) => [new Parameter(PARAM_TX_MOBILE_CONTEXT, value)];
      for (const bad of ["not base64!", "A", "AAAA=", "AA=A", "+_AA", "A".repeat(16_388)]) {
        const key = bytes(password);
        await assert.rejects(
          tx.setStatus("approve", key, null, context(bad)),
          InvalidParameterException,
          bad.slice(0, 9),
        );
        assert.ok(key.every((byte) => byte === 0));
      }
      await assert.rejects(tx.setStatus("perhaps", bytes(password)), InvalidParameterException);
      await assert.rejects(tx.setStatus("approve", password as never), InvalidParameterException);
      await assert.rejects(
        tx.setStatus("approve", bytes(password), null, [new Parameter("X", "y")]),
        InvalidParameterException,
      );
      assert.equal(sent, 0, "nothing is sent");
      assert.equal(await tx.setStatus("approve", bytes(password), undefined, context("d2hlcmU_")), true);
      assert.equal((await world.v1("GET", `/operations/${id}`)).additionalData.mobileContext, "d2hlcmU_");
    });

    it("gives the six digits where they are asked for; a wrong number fails the transaction", async () => {
      const at = await made();
      await world.v1("POST", "/templates", { ...matching, name: `match ${store.name}` });
      const create = async () => {
        const asked = world.payment({ userId: at.container.userId, template: `match ${store.name}` });
        const { operation } = await world.v1("POST", "/transactions", asked);
        const reference = (await at.container.retrieveTransactionIds()).at(-1)!;
        return { operation, tx: await (await at.device.retrieveActionInfo(reference)).getAction() };
      };
      const number = (value: string) => [new Parameter(PARAM_TX_NUMBER, value)];
      const { operation, tx } = await create();
      const matched = operation.matchNumber ?? operation.number;
      assert.equal(tx.getNumberMatching(), "enter");
      await assert.rejects(tx.setStatus("approve", bytes(password)), InvalidParameterException);
      await assert.rejects(tx.setStatus("approve", bytes(password), null, number("12345")), InvalidParameterException);
      assert.equal(await tx.setStatus("approve", bytes(password), null, number(matched)), true);
      const wrong = await create();
      const other = (wrong.operation.matchNumber ?? wrong.operation.number) === "000000" ? "000001" : "000000";
      const refused = wrong.tx.setStatus("approve", bytes(password), null, number(other));
      await assert.rejects(refused, ServerOperationFailedException);
      assert.equal(await world.statusOf(wrong.operation.id), "FAILED");
      const last = await create();
      const right = last.operation.matchNumber ?? last.operation.number;
      assert.equal(await last.tx.setStatus("approve", bytes(password), null, number(right)), true);
    });

    it("each exception of an answer, a fetch and a cancel happens", async () => {
      const at = await made();
      const { device, container } = at;
      const wrong = await next(at);
      await assert.rejects(wrong.tx.setStatus("approve", bytes("wrong password 9")), AuthenticationException);
      await assert.rejects(wrong.tx.setStatus("approve"), PasswordRequiredException);
      fetchAs = () => Promise.resolve(new Response("<html>", { status: 200 }));
      await assert.rejects(container.retrieveTransactionIds(), ServerProtocolException);
      fetchAs = () => Promise.resolve(new Response("", { status: 500 }));
      await assert.rejects(container.retrieveTransactionIds(), RemoteException);
      fetchAs = fetch;
      await wrong.tx.cancel("later", CancelationReason.USER_CANCEL);
      await assert.rejects(wrong.tx.setStatus("approve", bytes(password)), TransactionCanceledException);
      await assert.rejects(wrong.tx.cancel("", CancelationReason.USER_CANCEL), TransactionCanceledException);
      const done = await next(at);
      await done.tx.setStatus("approve", bytes(password));
      await assert.rejects(done.tx.setStatus("decline", bytes(password)), TransactionCanceledException);
      await assert.rejects(done.tx.cancel("x".repeat(257), CancelationReason.USER_CANCEL), InvalidParameterException);
      await assert.rejects(done.tx.cancel("x", "BORED" as never), InvalidParameterException);
      const gone = await next(at);
      const [reference] = await container.retrieveTransactionIds();
      const info = await device.retrieveActionInfo(reference!);
      await world.v1("POST", `/operations/${gone.id}/cancel`, { reason: "TEST" });
      await assert.rejects(info.getAction(), (error) =>
        [TransactionCanceledException, TransactionExpiredException].some((one) => error instanceof one),
      );
      await assert.rejects(
        container.generateAuthenticationRequest("x", (await container.findKeys())[2]!.id, { clientId: "shop" }),
        InvalidParameterException,
      );
      await assert.rejects(
        container.generateAuthenticationRequest("x\u202e", (await container.findKeys())[0]!.id, { clientId: "shop" }),
        InvalidParameterException,
      );
      await assert.rejects(
        container.generateAuthenticationRequest("x", (await container.findKeys())[0]!.id),
        InvalidParameterException,
        "no default client",
      );
      await world.deviceType({ features: { cancel: false, direct: false, renew: true } });
      const plain = await made();
      const { tx } = await next(plain);
      assert.equal(tx.isCancelable(), false);
      await assert.rejects(tx.cancel("", CancelationReason.USER_CANCEL), ServerUnsupportedOperationException);
      const [key] = await plain.container.findKeys();
      await assert.rejects(
        plain.container.generateAuthenticationRequest("x", key!.id, { clientId: "shop" }),
        ServerUnsupportedOperationException,
      );
      await world.deviceType();
      const id = plain.container.getProperty(SDKConstants.PROPERTY_DEVICEID);
      await world.backOffice("/rest/v3/activation/block", { activationId: id });
      await assert.rejects(plain.container.retrieveTransactionIds(), ServerAuthenticationException);
      const rooted = await deviceOf({ rooted: true });
      const risky = await enrolled(world, rooted, world.userOf());
      const signing = (await risky.findKeys())[1]!;
      assert.throws(() => signing.getProtectionPolicy(), UnsafeDeviceException);
      const storage = createMemoryStorage();
      const broken = { ...storage, set: () => Promise.reject(new Error("disk")) };
      await assert.rejects(enrolled(world, await deviceOf({ storage: broken }), world.userOf()), InternalException);
    });
  });
}

const matching = {
  operationType: "payment",
  dataTemplate: "A1*A${amount}${currency}*I${iban}**N${note}",
  signatureTypes: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
  maxFailureCount: 5,
  expirationSeconds: 300,
  approval: { match: "enter" },
};

/** Names of a container's records, found by what it asks for. */
async function namesOf(storage: ReturnType<typeof createMemoryStorage>, id: string): Promise<readonly string[]> {
  const names = new Set<string>();
  const watched = {
    ...storage,
    get: (key: string) => {
      names.add(key);
      return storage.get(key);
    },
  };
  await (await deviceOf({ storage: watched })).findContainers();
  return [...names].filter((name) => name.includes(id));
}
