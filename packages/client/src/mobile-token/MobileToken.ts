/**
 * The Mobile Token services of one PowerAuth instance.
 */
import type { Connection, ConnectionSettings } from "./connection.ts";
import { Inbox } from "./inbox/Inbox.ts";
import { Operations } from "./Operations.ts";
import type { PowerAuth } from "./PowerAuth.ts";
import { Push } from "./push/Push.ts";

export interface MobileTokenConfiguration {
  /** Language of what operations, messages and notifications show; `en` unless given. */
  readonly acceptLanguage?: string | undefined;
  readonly userAgent?: string | undefined;
}

const defaultUserAgent = "CountersignMobileToken/0.1.0";

export class MobileToken {
  readonly operations: Operations;
  readonly push: Push;
  readonly inbox: Inbox;
  readonly #settings: ConnectionSettings;

  /** Usually made by `powerAuth.createMobileToken()`. */
  constructor(powerAuth: PowerAuth, configuration: MobileTokenConfiguration = {}) {
    const { acceptLanguage = "en", userAgent = defaultUserAgent } = configuration;
    this.#settings = { acceptLanguage, userAgent };
    const connection: Connection = { powerAuth, settings: this.#settings };
    this.operations = new Operations(connection);
    this.push = new Push(connection);
    this.inbox = new Inbox(connection);
  }

  /** For all services, from the next request on. */
  setAcceptLanguage(language: string): void {
    this.#settings.acceptLanguage = language;
  }
}
