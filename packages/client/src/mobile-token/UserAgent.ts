/** What a service calls itself in the `User-Agent` header. */
export class UserAgent {
  static readonly #libraryDefault = new UserAgent("CountersignMobileToken/0.1.0");
  static readonly #systemDefault = new UserAgent(undefined);
  /** Undefined for the platform's own. */
  readonly value: string | undefined;

  private constructor(value: string | undefined) {
    this.value = value;
  }

  /** Name and version of this library, and of the platform as far as the instance was told. */
  static libraryDefault(): UserAgent {
    return UserAgent.#libraryDefault;
  }

  /** The header is left to the platform. */
  static systemDefault(): UserAgent {
    return UserAgent.#systemDefault;
  }

  static custom(text: string): UserAgent {
    return new UserAgent(text);
  }

  /** @internal A text is one of the application's own. */
  static read(value: UserAgent | string): UserAgent {
    return typeof value === "string" ? UserAgent.custom(value) : value;
  }

  /** @internal The header's text; undefined for none. */
  static headerOf(agent: UserAgent, platform: string, deviceInfo: string | undefined): string | undefined {
    if (agent !== UserAgent.#libraryDefault) return agent.value;
    const known = [platform, deviceInfo].filter((part) => part !== undefined && part !== "unknown");
    return known.length === 0 ? agent.value : `${agent.value} (${known.join("; ").replace(/[^\x20-\x7e]/g, "?")})`;
  }
}
