/** An operator whom an OpenID provider named: who they are, and what the configured rules let them do. */
import { hash } from "node:crypto";
import { isName } from "../applications/application.ts";
import type { ConsoleOpenId } from "../config.ts";
import { type ApiClient, grantedBy, type Permission } from "./api-client.ts";

export interface Operator {
  readonly issuer: string;
  readonly subject: string;
  /** For people to read. */
  readonly name: string;
  readonly permissions: readonly Permission[];
  /** Absent for every application. */
  readonly applications?: readonly string[];
  /** Digest of the settings that let them in. */
  readonly settings: string;
}

type Claims = Readonly<Record<string, unknown>> & { readonly sub: string };

/** Undefined where no rule fits. The first that fits decides: rights of several are never joined. */
export function operatorOf(settings: ConsoleOpenId, claims: Claims): Operator | undefined {
  const rule = settings.rules.find(({ claim, value }) => has(claims, claim, value));
  if (rule === undefined) return undefined;
  const { permissions, applications } = rule;
  return {
    issuer: settings.issuer,
    subject: claims.sub,
    name: nameIn(claims),
    permissions,
    ...(applications !== undefined && { applications }),
    settings: digestOf(settings),
  };
}

/** Operators do everything as API clients do. Undefined once other settings are in force: they decide anew. */
export function clientOfOperator(operator: Operator, settings: ConsoleOpenId | undefined): ApiClient | undefined {
  if (settings === undefined || operator.settings !== digestOf(settings)) return undefined;
  const { name, permissions, applications } = operator;
  return {
    id: operatorId(operator),
    name,
    permissions: grantedBy(permissions),
    ...(applications !== undefined && { applications: new Set(applications) }),
  };
}

/** How the audit names them. An issuer has no `#`, so that nobody else is called the same. */
export function operatorId({ issuer, subject }: Pick<Operator, "issuer" | "subject">): string {
  return `${issuer}#${subject}`;
}

function has(claims: Claims, claim: string, value: string): boolean {
  const said: unknown = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
  return said === value || (Array.isArray(said) && said.includes(value));
}

function nameIn(claims: Claims): string {
  const given = [claims["name"], claims["preferred_username"], claims["email"]];
  return given.find((one): one is string => typeof one === "string" && isName(one)) ?? claims.sub;
}

/** The secret may change without ending sessions. */
function digestOf({ issuer, clientId, rules }: ConsoleOpenId): string {
  return hash("sha256", JSON.stringify([issuer, clientId, rules]), "base64url");
}
