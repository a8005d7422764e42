/** A CIBA request becomes an operation (CIBA Core §7): what it asks for, who is asked, and until when. */
import { errors, type KoaContextWithOIDC, type BackchannelAuthenticationRequest, type Client } from "oidc-provider";
import { isUnsafe } from "@countersign/protocol/approve/shown";
import type { Deps } from "../../deps.ts";
import { isRefusal, type Refusal } from "../../errors.ts";
import { createOperation } from "../../operations/create.ts";
import { templateDetail } from "../../templates/detail.ts";
import type { Template } from "../../templates/template.ts";
import { combinationsFor } from "../acr.ts";
import { type ClientSettings, deliveryTold, settingsOf } from "../clients/client.ts";
import { type CompatibleHint, parametersOfText, readCompatibleHint, wasJson } from "../compatibility.ts";
import { findOidcClient } from "../clients/find.ts";
import { requestDefect } from "../profiles.ts";
import { type AuthorizationTypes, parametersOf } from "../details/authorization-types.ts";
import { withinLimit } from "./limit.ts";
import { useRequestObject } from "./request-object.ts";
import { recordToStart } from "./requests.ts";

/** What stands in a request, as an operation will have it. */
export interface Wanted {
  readonly template: Template;
  readonly parameters: Readonly<Record<string, string>>;
  readonly details: readonly object[] | undefined;
  readonly combinations: readonly string[];
  /** Seconds until the answer is due. */
  readonly seconds: number;
  /** What an unsigned hint token said, where the client may send one. */
  readonly hint?: CompatibleHint | undefined;
}

const wanted = new WeakMap<KoaContextWithOIDC, Wanted>();

/** Of the request that this context serves, once `readRequest` has seen it. */
export function wantedBy(ctx: KoaContextWithOIDC): Wanted {
  const found = wanted.get(ctx);
  if (found === undefined) throw new Error("The request was not read yet");
  return found;
}

/** Longest text that a device shows whole. */
const bindingMessageLength = 256;

/** Shown as it is, or refused (CIBA §7.1). */
export function checkBindingMessage(message: string | undefined): void {
  if (message === undefined) return;
  if (message.length === 0 || message.length > bindingMessageLength || isUnsafe(message)) {
    throw new errors.InvalidBindingMessage(`1 to ${bindingMessageLength} characters that can be shown as they are`);
  }
}

/** What a relying party may ask for, in seconds; outside of it the nearest is meant (CIBA §7.1: a wish). */
const shortestSeconds = 10;
export const longestSeconds = 3600;

/** Reads a request whose signature, if it has one, is verified. A signed one is good once. */
export async function readRequest(
  deps: Pick<Deps, "store" | "log">,
  types: AuthorizationTypes,
  ctx: KoaContextWithOIDC,
): Promise<void> {
  const { params, client } = ctx.oidc;
  if (params === undefined || client === undefined) throw new Error("There is no client yet");
  const defect = requestDefect(settingsOf(client).profile, { parameters: params });
  if (defect !== undefined) throw new errors.InvalidRequest(defect);
  await useRequestObject(ctx, client);
  const hint = readOlderForms(deps, ctx, client);
  wanted.set(ctx, { ...(await wantedIn(deps, types, client, params, hint)), hint });
}

/** Refuses what only an existing service took, unless the client may; logs that it did. */
function readOlderForms(
  { log }: Pick<Deps, "log">,
  { req, oidc: { params } }: KoaContextWithOIDC,
  client: Client,
): CompatibleHint | undefined {
  const token = textOf(params?.["login_hint_token"]);
  const hint = token === undefined ? undefined : readCompatibleHint(token);
  const forms = [...(hint === undefined ? [] : ["login_hint_token"]), ...(wasJson(req) ? ["json"] : [])];
  if (forms.length === 0) return undefined;
  if (settingsOf(client).compatibility === undefined) throw new errors.InvalidRequest(`${forms.join(", ")} not taken`);
  log.warn(
    { client: client.clientId, forms },
    "older request form taken: nothing but the client's own word protects it",
  );
  return hint;
}

/** Chooses the template by details, scope or client, and takes its parameters from the request. */
export async function wantedIn(
  deps: Pick<Deps, "store">,
  types: AuthorizationTypes,
  client: Client,
  params: Readonly<Record<string, unknown>>,
  hint?: CompatibleHint,
): Promise<Wanted> {
  const settings = settingsOf(client);
  const details = detailsOf(params["authorization_details"]);
  const { template: name, parameters } =
    hint === undefined ? chosen(types, settings, details, textOf(params["scope"])) : byPolicy(settings, hint);
  const template = await templateDetail(deps, { name });
  if (isRefusal(template)) throw new errors.InvalidRequest("no template fits this request");
  const combinations = combinationsFor(words(textOf(params["acr_values"])), template.signatureTypes);
  if (combinations === undefined) throw new errors.InvalidRequest("acr_values cannot be reached");
  const { requested_expiry: requested } = params;
  const wish = requested === undefined ? template.expirationSeconds : Math.max(Number(requested), shortestSeconds);
  const seconds = Math.min(wish, longestSeconds);
  const bindingMessage = textOf(params["binding_message"]);
  return {
    template,
    parameters: {
      ...parameters,
      clientName: client.clientName ?? client.clientId,
      ...(bindingMessage !== undefined && { bindingMessage }),
    },
    details,
    combinations,
    seconds,
  };
}

/** Name of a template, and what the request itself says for it. */
interface Chosen {
  readonly template: string;
  readonly parameters: Readonly<Record<string, string>>;
}

function chosen(
  types: AuthorizationTypes,
  settings: ClientSettings,
  details: readonly object[] | undefined,
  scope: string | undefined,
): Chosen {
  const [first, second] = details ?? [];
  if (second !== undefined) throw new errors.InvalidAuthorizationDetails("one at a time: a person decides one thing");
  if (first !== undefined) {
    const type = types.get((first as { readonly type: string }).type);
    const parameters = type && parametersOf(type, first);
    if (type === undefined || parameters === undefined) {
      throw new errors.InvalidAuthorizationDetails("a member is missing");
    }
    return { template: type.template, parameters };
  }
  const byScope = words(scope).flatMap((name) => settings.scopeTemplates?.[name] ?? []);
  const template = byScope[0] ?? settings.template;
  if (template === undefined) throw new errors.InvalidRequest("authorization_details are needed");
  return { template, parameters: {} };
}

function byPolicy({ compatibility }: ClientSettings, hint: CompatibleHint): Chosen {
  const { policies = {} } = compatibility ?? {};
  const template = Object.hasOwn(policies, hint.authpol) ? policies[hint.authpol] : undefined;
  if (template === undefined) throw new errors.InvalidRequest("login_hint_token: authpol is unknown");
  return { template, parameters: parametersOfText(hint.tds) };
}

/** Asks the person. The request and its operation are one commit; a device is called in the same. */
export async function askPerson(
  deps: Pick<Deps, "store" | "random" | "config" | "secrets" | "inFlight">,
  ctx: KoaContextWithOIDC,
  request: BackchannelAuthenticationRequest,
  client: Client,
): Promise<void> {
  const { template, parameters, details, combinations, seconds, hint } = wantedBy(ctx);
  const { applications } = settingsOf(client);
  const record = recordToStart(ctx);
  const now = await deps.store.now();
  const row = deliveryTold(client) === "poll" ? undefined : await findOidcClient(deps, client.clientId);
  const bindingMessage = textOf(ctx.oidc.params?.["binding_message"]);
  // A user code is for us alone; the device is not shown a request that holds one.
  const userCode = ctx.oidc.params?.["user_code"];
  const signed = userCode === undefined ? textOf(ctx.oidc.body?.["request"]) : undefined;
  const made = await withinLimit(deps, { userId: request.accountId ?? "", now }, () =>
    createOperation(deps, {
      clientId: client.clientId,
      template,
      userId: request.accountId,
      applications,
      parameters,
      ...(hint !== undefined && (hint.deviceid === undefined ? { device: "last" } : { activationId: hint.deviceid })),
      everyPlace: details !== undefined || hint !== undefined,
      expiresAt: (Math.floor(now / 1000) + seconds) * 1000,
      signatureTypes: combinations,
      approval: {
        client: { id: client.clientId, name: client.clientName ?? client.clientId },
        ...(bindingMessage !== undefined && { bindingMessage }),
        ...(details !== undefined && { authorizationDetails: details }),
        ...(signed !== undefined && { request: signed }),
      },
      backchannel: {
        id: record.id,
        sink: row?.sink_id ?? null,
        record,
      },
      notify: { silent: false },
    }),
  );
  if (!isRefusal(made)) return;
  await request.destroy();
  throw refused(made);
}

const left: ReadonlySet<Refusal["refused"]> = new Set(["user-suspended", "too-many-pending"]);

/** What the client is answered where no operation was made. */
export function refused({ refused: code, detail }: Refusal): Error {
  if (left.has(code)) return new errors.AccessDenied(code);
  if (code === "unavailable") return new errors.TemporarilyUnavailable("try again");
  return new errors.InvalidRequest(detail ?? code);
}

function detailsOf(text: unknown): readonly object[] | undefined {
  return typeof text === "string" ? (JSON.parse(text) as object[]) : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function words(text: string | undefined): string[] {
  return text?.split(" ").filter((word) => word !== "") ?? [];
}
