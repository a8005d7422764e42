/**
 * The page of a browser that waits for a device: `/interaction/{uid}`. The provider sends the browser here for every
 * authorization, and takes it back when the operation is decided; nobody stays signed in.
 */
import { type Client, errors, type Provider } from "oidc-provider";
import encodeQr from "qr";
import { matchNumberOf } from "../../approve/transactions/approval.ts";
import { linkOf, openReferenceFor } from "../../approve/transactions/reference.ts";
import type { Deps } from "../../deps.ts";
import { cancelOperation } from "../../operations/decide-in-back-office.ts";
import type { OperationRow } from "../../store/store.ts";
import { oidcPath } from "../path.ts";
import type { AuthorizationTypes } from "../details/authorization-types.ts";
import { askInBrowser, type Interaction } from "./ask.ts";
import { resultOf } from "./finish.ts";
import { failurePage, waitingPage } from "./page.ts";
import { script } from "./script.ts";
import { style } from "./style.ts";

type Middleware = Parameters<Provider["use"]>[0];
type Context = Parameters<Middleware>[0];

export const interactionPath = "/interaction";

export function serveInteractions(deps: Deps, provider: Provider, types: AuthorizationTypes): Middleware {
  return async (ctx, next) => {
    const [, first, uid, action] = ctx.path.split("/");
    if (`/${first}` !== interactionPath) return next();
    if (ctx.method === "GET" && uid === "page.css") return answer(ctx, "css", style, "public, max-age=3600");
    if (ctx.method === "GET" && uid === "page.js") return answer(ctx, "js", script, "public, max-age=3600");
    const isPage = ctx.method === "GET" && action === undefined;
    if (!isPage && !(ctx.method === "POST" && action === "cancel")) return showFailure(deps, ctx, 404, "not_found");
    const interaction = await provider.interactionDetails(ctx.req, ctx.res).catch(() => undefined);
    if (interaction === undefined || interaction.uid !== uid) return showFailure(deps, ctx, 400, "session_not_found");
    if (interaction.result !== undefined) return back(ctx, interaction.returnTo);
    const client = await provider.Client.find(String(interaction.params["client_id"]));
    if (client === undefined) return showFailure(deps, ctx, 400, "invalid_client");
    try {
      const operation = await askInBrowser(deps, types, client, interaction);
      if (!isPage) await cancel(deps, operation);
      const current = isPage ? operation : await askInBrowser(deps, types, client, interaction);
      const result = await resultOf(deps, provider, client, interaction, current);
      if (result !== undefined) return back(ctx, await provider.interactionResult(ctx.req, ctx.res, result));
      return show(ctx, await waiting(deps, client, interaction, current), interaction);
    } catch (error) {
      if (!(error instanceof errors.OIDCProviderError)) throw error;
      const { error: code, error_description: text } = error;
      const result = { error: code, ...(text !== undefined && { error_description: text }) };
      return back(ctx, await provider.interactionResult(ctx.req, ctx.res, result));
    }
  };
}

async function cancel(deps: Deps, operation: OperationRow): Promise<void> {
  await cancelOperation(deps, {
    operationId: operation.id,
    clientId: `oidc:${operation.id}`,
    reason: "CANCELED_IN_BROWSER",
    sees: () => true,
  });
}

async function waiting(deps: Deps, client: Client, { uid }: Interaction, operation: OperationRow): Promise<string> {
  const match = matchNumberOf(deps, operation);
  const number = operation.user_id === null || match === undefined ? {} : { number: match };
  const page = { client: client.clientName ?? client.clientId, uid, root: rootOf(deps), ...number };
  if (operation.user_id !== null) return waitingPage(page);
  const link = linkOf(deps, await openReferenceFor(deps, operation, await deps.store.now()));
  return waitingPage({ ...page, code: { svg: encodeQr(link, "svg", { ecc: "low", border: 2 }), link } });
}

/** What a browser is shown where it cannot be sent back. */
export function showFailure(deps: Pick<Deps, "publicUrl">, ctx: Context, status: number, code: string): void {
  ctx.status = status;
  protect(ctx, "");
  answer(ctx, "html", failurePage(code, rootOf(deps)), "no-store");
}

function rootOf({ publicUrl }: Pick<Deps, "publicUrl">): string {
  return `${new URL(publicUrl).pathname.replace(/\/$/, "")}${oidcPath}${interactionPath}`;
}

function show(ctx: Context, page: string, { params }: Interaction): void {
  // A form's target includes where it is redirected to.
  const target = URL.parse(String(params["redirect_uri"]));
  const origin = target === null ? "" : target.origin === "null" ? target.protocol : target.origin;
  ctx.status = 200;
  protect(ctx, origin);
  answer(ctx, "html", page, "no-store");
}

/** Nothing but our own style and script; nobody may frame the page, and no address of it leaks. */
function protect(ctx: Context, formTarget: string): void {
  ctx.set({
    "content-security-policy": [
      "default-src 'none'",
      "style-src 'self'",
      "script-src 'self'",
      "connect-src 'self'",
      `form-action 'self'${formTarget === "" ? "" : ` ${formTarget}`}`,
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ].join("; "),
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
  });
}

function answer(ctx: Context, type: string, body: string, cache: string): void {
  ctx.type = type;
  ctx.set("cache-control", cache);
  ctx.set("x-content-type-options", "nosniff");
  ctx.body = body;
}

function back(ctx: Context, address: string): void {
  ctx.set("cache-control", "no-store");
  ctx.status = 303;
  ctx.redirect(address);
}
