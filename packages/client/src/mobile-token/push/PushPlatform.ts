/** Where push messages for this device are sent, as `push.register` tells the server. */

export type ApnsEnvironment = "development" | "production";

export interface ApnsOptions {
  /** Of the build: `development` for one that was signed with a development certificate. `production` unless given. */
  readonly environment?: ApnsEnvironment | undefined;
}

/** `PushSubscription` of a browser, or what its `toJSON` gives. */
export interface WebPushSubscription {
  readonly endpoint?: string | undefined;
  toJSON?(): unknown;
}

/** Names before version 1.10 of PowerAuth servers. */
const legacyNames = { apns: "ios", fcm: "android", hms: "huawei", web: "web" } as const;

type PlatformName = keyof typeof legacyNames;

export class PushPlatform {
  readonly #platform: PlatformName;
  readonly #token: string;
  readonly #environment: ApnsEnvironment | undefined;
  #legacy = false;

  private constructor(platform: PlatformName, token: string, environment?: ApnsEnvironment) {
    this.#platform = platform;
    this.#token = token;
    this.#environment = environment;
  }

  /** Apple. `token` as hexadecimal text, or the bytes that iOS hands over. */
  static apns(token: string | Uint8Array, { environment = "production" }: ApnsOptions = {}): PushPlatform {
    return new PushPlatform("apns", typeof token === "string" ? token : hex(token), environment);
  }

  /** Firebase, on Android and elsewhere. */
  static fcm(token: string): PushPlatform {
    return new PushPlatform("fcm", token);
  }

  /** Huawei. */
  static hms(token: string): PushPlatform {
    return new PushPlatform("hms", token);
  }

  /** Web Push, in a browser. No PowerAuth server but this one knows it. */
  static web(subscription: WebPushSubscription): PushPlatform {
    return new PushPlatform("web", JSON.stringify(subscription));
  }

  /** For servers before 1.10, which know the platforms by other names and no environment. */
  supportLegacyServer(): PushPlatform {
    const platform = new PushPlatform(this.#platform, this.#token, this.#environment);
    platform.#legacy = true;
    return platform;
  }

  /** @internal The request object. */
  toRequest(): { readonly platform: string; readonly token: string; readonly environment?: ApnsEnvironment } {
    const token = this.#token;
    if (this.#legacy) return { platform: legacyNames[this.#platform], token };
    const environment = this.#environment;
    return { platform: this.#platform, token, ...(environment !== undefined && { environment }) };
  }
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join("");
}
