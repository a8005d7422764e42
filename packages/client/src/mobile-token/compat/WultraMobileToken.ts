/** The main object under the name, and with the way to make it, that other editions have. */
import { MobileToken, type MobileTokenConfiguration } from "../MobileToken.ts";
import type { PowerAuth } from "../PowerAuth.ts";

export class WultraMobileToken extends MobileToken {
  /** The same as `powerAuth.createMobileToken`. */
  static create(powerAuth: PowerAuth, configuration?: MobileTokenConfiguration): WultraMobileToken {
    return new WultraMobileToken(powerAuth, configuration);
  }
}
