/** One user's registration at one server, with its keys. */
import { transcriptCode } from "@countersign/protocol/approve/offer";
import { isUnsafe } from "@countersign/protocol/approve/shown";
import { defaultStatuses, protocolVersion } from "@countersign/protocol/approve/transaction";
import { signDirectly } from "../engine/approve/answer.ts";
import type { ApproveDevice } from "../engine/approve/device.ts";
import { pastTransactions } from "../engine/approve/transactions/history.ts";
import { followContainer } from "../engine/approve/transactions/live.ts";
import { pendingReferences } from "../engine/approve/transactions/reference.ts";
import { nameContainer, updateContainer, webPushKey } from "../engine/approve/remove.ts";
import { renew } from "../engine/approve/renew.ts";
import { type ContainerState, requireContainer, unique } from "../engine/approve/state.ts";
import { parametersOf, type Password, textOf, withPasswords } from "./arguments.ts";
import { type ConnectionConfiguration, connectionFrom } from "./ConnectionConfiguration.ts";
import type { ContainerRenewal } from "./ContainerInitialization.ts";
import { credentialFor } from "./credentials.ts";
import { type EventListener, isListener, promptOf } from "./events.ts";
import { InvalidParameterException, ServerUnsupportedOperationException } from "./exceptions.ts";
import { throwing } from "./failures.ts";
import { type Key, keyFor, type KeyId, keysOf } from "./Key.ts";
import type { Parameters } from "./Parameter.ts";
import type { ProtectionPolicy } from "./policies/ProtectionPolicy.ts";
import { pushAddress } from "./push.ts";
import { SDKConstants } from "./SDKConstants.ts";
import { Transaction } from "./Transaction.ts";

const keyFilters = [SDKConstants.KEY_PROPERTY_USAGE, SDKConstants.KEY_PROPERTY_ID, SDKConstants.KEY_PROPERTY_LABEL];

export interface DirectOptions {
  /** Who may redeem the request id; the default client of the enrolment unless given. */
  readonly clientId?: string | undefined;
  /** RFC 9396. */
  readonly authorizationDetails?: readonly object[] | undefined;
}

export interface PastTransaction {
  readonly uniqueIdentifier: string;
  readonly status: "APPROVED" | "REJECTED" | "CANCELED" | "EXPIRED" | "FAILED";
  /** As it was shown. */
  readonly text: string;
  readonly date: Date;
  /** When it was decided, or was over. */
  readonly endDate: Date;
}

export interface HistoryPage {
  readonly transactions: readonly PastTransaction[];
  /** Null after the last page. A page may be short, or empty, before it. */
  readonly next: string | null;
}

export class Container {
  readonly #device: ApproveDevice;
  /** As it was when this object was made, or last changed by it. */
  #state: ContainerState;

  /** @internal */
  constructor(device: ApproveDevice, state: ContainerState) {
    this.#device = device;
    this.#state = state;
  }

  /** Names it on this device. */
  get id(): string {
    return this.#state.id;
  }

  getId(): string {
    return this.id;
  }

  get userId(): string {
    return this.#state.user;
  }

  getUserId(): string {
    return this.userId;
  }

  get name(): string {
    return this.#state.name;
  }

  getName(): string {
    return this.name;
  }

  /** How the person calls it; the server learns it, too. */
  setName(name: string): Promise<void> {
    return throwing(async () => {
      if (typeof name !== "string" || name.length > 64 || name === "") {
        throw new InvalidParameterException("A name has from 1 to 64 characters");
      }
      await nameContainer(this.#device, this.id, name);
      await this.#refresh();
    });
  }

  get serverURL(): string {
    return this.#state.iss;
  }

  getServerURL(): string {
    return this.serverURL;
  }

  get creationDate(): Date {
    return new Date(this.#state.createdAt);
  }

  getCreationDate(): Date {
    return this.creationDate;
  }

  /** From when on it should be renewed: when its first key ends. Null for never. */
  get renewalDate(): Date | null {
    const ends = endsOf(this.#state);
    const { renewBefore } = this.#state;
    return dateOrNull(renewBefore === undefined ? ends : [...ends, renewBefore]);
  }

  getRenewalDate(): Date | null {
    return this.renewalDate;
  }

  /** When it can no longer be renewed, because the keys that speak to the server end. Null for never. */
  get expiryDate(): Date | null {
    return dateOrNull(endsOf(this.#state, ["enc", "pop"]));
  }

  getExpiryDate(): Date | null {
    return this.expiryDate;
  }

  /** That of the key that signs transactions. */
  get protectionPolicy(): ProtectionPolicy {
    return keyFor(this.#device, this.#state, "tx").protectionPolicy;
  }

  getProtectionPolicy(): ProtectionPolicy {
    return this.protectionPolicy;
  }

  /** Six digits that the portal shows as well: compared by the person, they prove that nobody stood in between. */
  get transcriptCode(): string {
    return transcriptCode(this.#device.sha256, this.#state.transcript, this.#state.enrolledBy);
  }

  getTranscriptCode(): string {
    return this.transcriptCode;
  }

  /** Of `SDKConstants.PROPERTY_…`. */
  getProperty(name: string): string {
    switch (name) {
      case SDKConstants.PROPERTY_DOMAIN:
        return this.#state.tenant;
      case SDKConstants.PROPERTY_PROTOCOL_VERSION:
        return String(protocolVersion);
      case SDKConstants.PROPERTY_DEVICEID:
        return this.#state.cid;
      default:
        throw new InvalidParameterException("There is no such property of a container");
    }
  }

  /** Its keys by usage, id and label: those that match all of the parameters. */
  findKeys(parameters?: Parameters): Promise<readonly Key[]> {
    return throwing(async () => {
      const wanted = parametersOf(parameters, keyFilters);
      await this.#refresh();
      const keys = keysOf(this.#device, this.#state);
      return keys.filter((key) => [...wanted].every(([name, value]) => key.getProperty(name) === value));
    });
  }

  /** Ids of the transactions that wait for this container, oldest first. The session password is not needed for it. */
  retrieveTransactionIds(sessionPassword?: Password, parameters?: Parameters): Promise<readonly string[]> {
    return throwing(() =>
      withPasswords([sessionPassword], async () => {
        parametersOf(parameters, []);
        return pendingReferences(this.#device, await this.#refresh());
      }),
    );
  }

  /** The same under the name that samples use. */
  retrieveTransactionsIds(sessionPassword?: Password, parameters?: Parameters): Promise<readonly string[]> {
    return this.retrieveTransactionIds(sessionPassword, parameters);
  }

  /**
   * What became of the transactions that this container fetched, newest first, page by page: `after` is `next` of the page before.
   * The policy of the session transport key tells whether a password is needed. Beside the named API.
   */
  retrieveHistory(
    sessionPassword?: Password,
    { after }: { readonly after?: string | undefined } = {},
  ): Promise<HistoryPage> {
    return throwing(() =>
      withPasswords([sessionPassword], async () => {
        const container = await this.#refresh();
        const credential = credentialFor(keyFor(this.#device, container, "enc"), sessionPassword);
        const { transactions, next = null } = await pastTransactions(this.#device, this.id, credential, after);
        const date = (seconds: number) => new Date(seconds * 1000);
        return {
          transactions: transactions.map(({ tid, status, iat, at, text }) => {
            return { uniqueIdentifier: tid, status, text, date: date(iat), endDate: date(at) };
          }),
          next,
        };
      }),
    );
  }

  /**
   * A transaction that this device starts, to be signed by `setStatus` with a key for logins or transactions. Nothing is sent
   * before that.
   */
  generateAuthenticationRequest(
    message: string,
    keyId: KeyId | string,
    { clientId, authorizationDetails }: DirectOptions = {},
  ): Promise<Transaction> {
    return throwing(async () => {
      const container = await this.#refresh();
      if (!container.features.direct)
        throw new ServerUnsupportedOperationException("The server offers no direct signing");
      if (typeof message !== "string" || message === "" || message.length > 4096 || isUnsafe(message)) {
        throw new InvalidParameterException(
          "The message has from 1 to 4096 characters, none of them a control character",
        );
      }
      const wanted = typeof keyId === "string" ? keyId : keyId?.id;
      const key = keysOf(this.#device, container).find(({ inner }) => inner.kid === wanted);
      const use = key?.inner.usage;
      if (key === undefined || (use !== "auth" && use !== "tx")) {
        throw new InvalidParameterException("The key is none for logins or transactions");
      }
      const client = clientId ?? container.client;
      if (typeof client !== "string" || client === "" || client.length > 255) {
        throw new InvalidParameterException("clientId: the enrolment names no default client");
      }
      const details = detailsOf(authorizationDetails);
      const more = { reference: unique(this.#device), use, message, client, authorizationDetails: details };
      return new Transaction({
        text: message,
        statuses: defaultStatuses.map(({ status, effect }) => ({ status, effect, key })),
        // Which words the server's policy has for it, only the server knows.
        anyStatus: true,
        requester: undefined,
        details: undefined,
        signingKey: key,
        date: new Date(this.#device.now()),
        expiryDate: undefined,
        payload: undefined,
        cancelable: false,
        match: undefined,
        respond: ({ number: _, ...given }) => signDirectly(this.#device, container.id, { ...more, ...given }),
        cancel: async () => undefined,
      });
    });
  }

  /** Whether the server renews containers, and its keys have not ended. */
  isRenewable(parameters?: Parameters): boolean {
    parametersOf(parameters, []);
    const { expiryDate } = this;
    return this.#state.features.renew && (expiryDate === null || this.#device.now() < expiryDate.getTime());
  }

  /** Replaces all keys. The listener is asked for the passwords that the policies have, which stay what they are. */
  renew(
    renewal?: ContainerRenewal | null,
    second?: EventListener | Parameters,
    third?: EventListener | null,
  ): Promise<void> {
    const password = renewal?.password;
    return throwing(() =>
      withPasswords([password], async () => {
        const listener = [third, second].find(isListener);
        const container = await this.#refresh();
        const credential = credentialFor(keyFor(this.#device, container, "enc"), password);
        this.#state = await renew(this.#device, this.id, credential, promptOf(listener));
      }),
    );
  }

  /** Tells the server of a new push token (`DEVICE_INFO_PUSHID`) or name (`DEVICE_INFO_NAME`) of the device. */
  updateDeviceInfo(
    name: string,
    value: string | Uint8Array,
    password?: Password,
    parameters?: Parameters,
  ): Promise<void> {
    return throwing(() =>
      withPasswords([password], async () => {
        const platform = parametersOf(parameters, [SDKConstants.PARAM_PUSH_PLATFORM]).get(
          SDKConstants.PARAM_PUSH_PLATFORM,
        );
        const text = textOf(value, "value");
        if (name === SDKConstants.DEVICE_INFO_PUSHID) {
          const push = pushAddress(text, platform, this.#device.info.platform);
          await updateContainer(this.#device, this.id, { push });
        } else if (name === SDKConstants.DEVICE_INFO_NAME && text.length <= 64) {
          await updateContainer(this.#device, this.id, { device: { ...this.#device.info, name: text } });
        } else {
          throw new InvalidParameterException("The server is not told this of a device");
        }
      }),
    );
  }

  /**
   * The `applicationServerKey` that a browser subscribes for; null where the server sends no Web Push. The subscription is
   * registered by `updateDeviceInfo`, as JSON. Beside the named API.
   */
  retrieveWebPushKey(): Promise<string | null> {
    return throwing(async () => (await webPushKey(this.#device, this.id)) ?? null);
  }

  /**
   * Calls `onNews` when what waits for this container may have changed, at once to begin with: then it is to be listed again.
   * `onUnavailable`, where there is one, once no news will come: there one has to ask from time to time. Ends with what it
   * returns. Beside the named API.
   */
  followNews(onNews: () => void, onUnavailable: () => void = () => undefined): () => void {
    const controller = new AbortController();
    void followContainer(this.#device, this.id, { onNews, onUnavailable }, controller.signal);
    return () => controller.abort();
  }

  /** For this container only; not stored. */
  setConnectionConfiguration(configuration: ConnectionConfiguration): void {
    this.#device.connect(this.id, connectionFrom(configuration));
  }

  async #refresh(): Promise<ContainerState> {
    this.#state = await requireContainer(this.#device, this.id);
    return this.#state;
  }
}

export function containerOf(device: ApproveDevice, state: ContainerState): Container {
  return new Container(device, state);
}

function endsOf({ keys }: ContainerState, uses: readonly string[] = ["auth", "tx", "enc", "pop"]): readonly number[] {
  return keys.flatMap(({ use, exp }) => (exp === undefined || !uses.includes(use) ? [] : [exp]));
}

/** The earliest of these seconds. */
function dateOrNull(ends: readonly number[]): Date | null {
  return ends.length === 0 ? null : new Date(Math.min(...ends) * 1000);
}

function detailsOf(details: readonly object[] | undefined): readonly object[] | undefined {
  if (details === undefined) return undefined;
  const objects =
    Array.isArray(details) && details.length <= 16 && details.every((one) => typeof one === "object" && one !== null);
  if (objects) return details;
  throw new InvalidParameterException("authorizationDetails are at most 16 objects");
}
