/** Addresses of receivers. Where one may lead is checked when it is called. */

/** HTTP without a user name or password, which would end up in logs. */
export function isAddress(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return (url?.protocol === "https:" || url?.protocol === "http:") && url.username === "" && url.password === "";
}

/** Scheme, host and port; undefined for anything else than an address. */
export function originOf(text: unknown): string | undefined {
  return typeof text === "string" && URL.canParse(text) ? new URL(text).origin : undefined;
}
