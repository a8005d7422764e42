/** One-time passwords by counter (RFC 4226) or by time (RFC 6238). Needs no network. */
import { hotp, totp } from "@countersign/protocol/otp/hotp";
import { computing, type OtpPassword, type OtpSource } from "./source.ts";

const defaultPeriod = 30;

export class SyncOTPGenerator {
  readonly #source: OtpSource;

  /** @internal */
  constructor(source: OtpSource) {
    this.#source = source;
  }

  /** Throws the exceptions of passwords and biometry. Under a silent lock a wrong password gives a wrong code. */
  async getOTP(password?: OtpPassword): Promise<string> {
    const { description, now } = this.#source;
    const { type, period = defaultPeriod } = description;
    return computing(this.#source, password, type === "HOTP", (secret, counter) =>
      type === "HOTP" ? hotp(secret, counter, description) : totp(secret, now(), period, description),
    );
  }
}
