/** Push registration of the Mobile Token API. */
import type { CallOptions } from "../../engine/transport.ts";
import { callWithToken, type Connection } from "../connection.ts";
import type { PushPlatform } from "./PushPlatform.ts";

export class Push {
  readonly #connection: Connection;

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Says where push messages for this activation go, in place of what was said before. To be called whenever the
   * platform hands over a token. Throws `MobileTokenError`, with the code `PUSH_REGISTRATION_FAILED` for a token that the
   * server does not take; needs a valid activation.
   */
  async register(platform: PushPlatform, options?: CallOptions): Promise<void> {
    await callWithToken(this.#connection, "/api/push/device/register/token", platform.toRequest(), options);
  }
}
