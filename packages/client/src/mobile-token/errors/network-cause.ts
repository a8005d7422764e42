/** Why an exchange failed below HTTP, as far as the platform tells: some put a code somewhere along the causes. */

/** Undefined where the platform tells nothing, as browsers do. */
export function networkCause(error: unknown): "tls" | "offline" | undefined {
  for (let cause = error, depth = 0; typeof cause === "object" && cause !== null && depth < 8; depth++) {
    const { code, cause: below } = cause as { code?: unknown; cause?: unknown };
    if (typeof code === "string") {
      if (tlsCode.test(code)) return "tls";
      if (offlineCodes.has(code)) return "offline";
    }
    cause = below;
  }
  return undefined;
}

/** Names of OpenSSL's certificate errors and of Node's own about TLS. */
const tlsCode =
  /^(?:ERR_TLS_|ERR_SSL_|EPROTO$|CERT_|CRL_)|SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET_ISSUER)|^HOSTNAME_MISMATCH$|^INVALID_CA$/;
const offlineCodes: ReadonlySet<string> = new Set(["ENETUNREACH", "ENETDOWN", "EAI_AGAIN"]);
