/**
 * Certificates of clients (RFC 8705). TLS ends at a proxy, which passes on what the client showed; whether the proxy may
 * be believed is asked where the request comes in (`api/oidc.ts`).
 */
import { X509Certificate } from "node:crypto";
import type { IncomingMessage } from "node:http";

export interface ClientCertificate {
  readonly certificate: X509Certificate;
  /** The proxy verified its chain. */
  readonly verified: boolean;
}

const longest = 16_384;

/**
 * PEM with percent-encoding (nginx), base64 of DER (HAProxy), or the same between colons (RFC 9440). Undefined for
 * anything else.
 */
export function readCertificate(header: string): X509Certificate | undefined {
  if (header.length > longest) return undefined;
  try {
    const text = header.includes("%") ? decodeURIComponent(header) : header;
    if (text.startsWith("-----BEGIN CERTIFICATE-----")) return new X509Certificate(text);
    const [, base64] = /^:?([A-Za-z0-9+/]+={0,2}):?$/.exec(text.trim()) ?? [];
    return base64 === undefined ? undefined : new X509Certificate(Buffer.from(base64, "base64"));
  } catch {
    return undefined;
  }
}

const shown = new WeakMap<IncomingMessage, ClientCertificate>();

export function rememberCertificate(request: IncomingMessage, certificate: ClientCertificate | undefined): void {
  if (certificate !== undefined) shown.set(request, certificate);
}

export function certificateOf(request: IncomingMessage): ClientCertificate | undefined {
  return shown.get(request);
}

/** Whether the certificate has this subject, as the client registered it (RFC 8705 §2.1.2). */
export function subjectMatches({ certificate }: ClientCertificate, property: string, expected: string): boolean {
  if (property === "tls_client_auth_subject_dn") {
    return namesOf(expected) === certificate.subject.split("\n").reverse().join(",");
  }
  const kind = alternativeNames[property];
  const names = certificate.subjectAltName?.split(", ") ?? [];
  // Names with anything unusual in them come quoted, and match nothing.
  return kind !== undefined && names.includes(`${kind}:${expected}`);
}

const alternativeNames: Readonly<Record<string, string>> = {
  tls_client_auth_san_dns: "DNS",
  tls_client_auth_san_uri: "URI",
};

/** RFC 4514: most significant part last, separated by commas, of which escaped ones are part of a value. */
function namesOf(text: string): string {
  return text
    .split(/(?<!\\),/)
    .map((part) => part.trim())
    .join(",");
}
