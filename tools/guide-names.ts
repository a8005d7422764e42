/**
 * What the code of `docs/guides/*.md` may use without declaring it: the addresses and secrets that a reader's own
 * program has. Each is a text. The compiler is told of them here; `conformance/guides/run-guide.ts` gives them values.
 */
export const guideNames = [
  /** Addresses of the two listeners, without a slash at the end. */
  "publicUrl",
  "privateUrl",
  /** Credentials of an API client with the permission `admin`. */
  "clientId",
  "clientSecret",
  /** An application, and what its builds are made with. */
  "applicationId",
  "applicationKey",
  "applicationSecret",
  "masterPublicKey",
  "sdkConfiguration",
  /** A user, and a code that activates one device of this user, without a commit by the bank. */
  "userId",
  "activationCode",
] as const;

export type GuideName = (typeof guideNames)[number];

export function isGuide(page: string): boolean {
  return page.startsWith("docs/guides/");
}

/** One line, so that the lines of the page keep their numbers. */
export function declareGuideNames(): string {
  return `declare const ${guideNames.map((name) => `${name}: string`).join(", ")};`;
}
