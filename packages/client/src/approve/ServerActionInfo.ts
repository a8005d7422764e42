/** What is known of an action before the network is asked: whose it is, and what protects it. */
import type { Pointed } from "../engine/approve/transactions/reference.ts";
import type { ApproveDevice } from "../engine/approve/device.ts";
import { cancelTransaction, respond } from "../engine/approve/answer.ts";
import { type Fetched, fetchTransaction } from "../engine/approve/transactions/transaction.ts";
import { parametersOf, type Password, withPasswords } from "./arguments.ts";
import { type Container, containerOf } from "./Container.ts";
import { credentialFor } from "./credentials.ts";
import { throwing } from "./failures.ts";
import { type Key, keyFor } from "./Key.ts";
import type { Parameters } from "./Parameter.ts";
import { Transaction } from "./Transaction.ts";

export class ServerActionInfo {
  readonly #device: ApproveDevice;
  readonly #pointed: Pointed;

  /** @internal */
  constructor(device: ApproveDevice, pointed: Pointed) {
    this.#device = device;
    this.#pointed = pointed;
  }

  get container(): Container {
    return containerOf(this.#device, this.#pointed.container);
  }

  getContainer(): Container {
    return this.container;
  }

  /** The session transport key: its policy tells whether `getAction` needs a password. */
  get protectionKey(): Key {
    return keyFor(this.#device, this.#pointed.container, "enc");
  }

  getProtectionKey(): Key {
    return this.protectionKey;
  }

  /** The server's id of the transaction. */
  get uniqueIdentifier(): string {
    return this.#pointed.claims.tid;
  }

  getUniqueIdentifier(): string {
    return this.uniqueIdentifier;
  }

  /** Fetches and opens it. Nothing that was altered on the way, or that would not be shown as it is signed, comes out. */
  getAction(sessionPassword?: Password, parameters?: Parameters): Promise<Transaction> {
    return throwing(() =>
      withPasswords([sessionPassword], async () => {
        parametersOf(parameters, []);
        const credential = credentialFor(this.protectionKey, sessionPassword);
        return pending(this.#device, this.#pointed, await fetchTransaction(this.#device, this.#pointed, credential));
      }),
    );
  }

  /** The name that older applications know. */
  getTransaction(sessionPassword?: Password, parameters?: Parameters): Promise<Transaction> {
    return this.getAction(sessionPassword, parameters);
  }
}

function pending(device: ApproveDevice, { container }: Pointed, transaction: Fetched): Transaction {
  const { claims } = transaction;
  const statuses = claims.allowed.map(({ status, effect, key }) => ({
    status,
    effect,
    key: keyFor(device, container, key),
  }));
  return new Transaction({
    text: claims.display.text,
    requester: { ...claims.client, verified: transaction.verified },
    details: claims.authorizationDetails,
    statuses,
    anyStatus: false,
    signingKey: statuses[0]?.key ?? keyFor(device, container, "tx"),
    date: new Date(claims.iat * 1000),
    expiryDate: new Date(claims.exp * 1000),
    payload: claims.payload,
    cancelable: claims.cancelable && container.features.cancel,
    match: claims.match?.mode,
    respond: (given) => respond(device, container.id, { transaction, ...given }),
    cancel: (reason, message) => cancelTransaction(device, container.id, { tid: claims.tid, reason, message }),
  });
}
