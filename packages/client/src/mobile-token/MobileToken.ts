/**
 * The Mobile Token services of one PowerAuth instance.
 */
import type { Connection, ConnectionSettings, RequestProcessor } from "./connection.ts";
import { Inbox } from "./inbox/Inbox.ts";
import { findInstance } from "./instances.ts";
import { MobileTokenError } from "./MobileTokenError.ts";
import { Oidc } from "./oidc/Oidc.ts";
import { Operations } from "./operations/Operations.ts";
import type { PowerAuth } from "./PowerAuth.ts";
import { Push } from "./push/Push.ts";
import { UserAgent } from "./UserAgent.ts";

export interface MobileTokenConfiguration {
  /** Language of what operations, messages and notifications show; `en` unless given. */
  readonly acceptLanguage?: string | undefined;
  /** This library's own unless given. */
  readonly userAgent?: UserAgent | string | undefined;
  /** Sees the headers of every request, of all services. */
  readonly requestProcessor?: RequestProcessor | undefined;
  /**
   * Address of the services, where it is not the `baseEndpointUrl` of the instance. It gets none of the headers
   * configured for that.
   */
  readonly baseUrl?: string | undefined;
}

export class MobileToken {
  readonly operations: Operations;
  readonly push: Push;
  readonly inbox: Inbox;
  readonly oidc: Oidc;
  readonly #settings: readonly ConnectionSettings[];

  /** Usually made by `powerAuth.createMobileToken()`. Throws `invalidConfiguration` without an address. */
  constructor(powerAuth: PowerAuth, configuration: MobileTokenConfiguration = {}) {
    const settings: ConnectionSettings[] = [];
    const baseUrl = readBaseUrl(powerAuth, configuration.baseUrl);
    const { acceptLanguage = "en", userAgent = UserAgent.libraryDefault(), requestProcessor } = configuration;
    const connect = (): Connection => {
      const own = { acceptLanguage, userAgent: UserAgent.read(userAgent), requestProcessor };
      settings.push(own);
      return { powerAuth, baseUrl, settings: own };
    };
    this.operations = new Operations(connect());
    this.push = new Push(connect());
    this.inbox = new Inbox(connect());
    this.oidc = new Oidc(connect());
    this.#settings = settings;
  }

  /** For all services, from the next request on. Each has its own `acceptLanguage` as well. */
  setAcceptLanguage(language: string): void {
    for (const settings of this.#settings) settings.acceptLanguage = language;
  }
}

/** Undefined for the instance's own, which is looked up at each request. */
function readBaseUrl(powerAuth: PowerAuth, given: string | undefined): string | undefined {
  // Not by the face: an edition may give its configuration as a promise.
  const address = given ?? findInstance(powerAuth.instanceId)?.configurations.configuration.baseEndpointUrl;
  if (typeof address !== "string" || !/^https?:\/\/[^\s/?#]+(?:\/[^\s?#]*)?$/i.test(address)) {
    const text = given === undefined ? "The instance is not configured" : "The address of the services is not valid";
    throw new MobileTokenError("invalidConfiguration", text);
  }
  return given?.replace(/\/{1,8}$/, "");
}
