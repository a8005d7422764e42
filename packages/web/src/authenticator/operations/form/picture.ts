/** Pictures come from anywhere on the web by TLS, or from this machine itself; never from inside the address. */
export function isShownPicture(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" || (protocol === "http:" && ["localhost", "127.0.0.1"].includes(hostname));
}

/** The same for what a person may be led to. */
export const isSafeLink = isShownPicture;
