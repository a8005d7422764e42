/**
 * The commonest of all requests, a poll that has to wait, answered without asking anybody again: the same bytes get the
 * same `authorization_pending` for as long as nothing was heard of the operation or of any client. It grants nothing, so
 * the worst that a lost hint can do is to let somebody wait for `keptMs`.
 *
 * Only for clients that prove who they are in the `Authorization` header: what is good once (an assertion, a DPoP proof)
 * is looked at by the provider each time.
 */
import { hash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { BackchannelAuthenticationRequest, KoaContextWithOIDC, Provider } from "oidc-provider";
import type { Committed } from "../../store/store.ts";

type Middleware = Parameters<Provider["use"]>[0];

/** After this long everything is looked at again: hints can be lost. */
const keptMs = 10_000;
const mostKept = 50_000;
/** Operations whose last change is remembered, for looks that are under way. */
const mostRecent = 10_000;

export interface PendingAnswer {
  readonly authReqId: string;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
  readonly description: string;
}

interface Kept extends PendingAnswer {
  readonly operationId: string;
  readonly request: BackchannelAuthenticationRequest;
  readonly until: number;
}

/** What was asked, and how much had been heard when it was. */
interface Look {
  readonly question: string;
  readonly since: number;
}

export interface PendingAnswers {
  committed(news: Committed): void;
  /** Undefined where it has to be looked at; what the provider says is then remembered. */
  answer(request: IncomingMessage, body: Buffer): PendingAnswer | undefined;
  /** The request goes on in another shape. */
  follow(from: IncomingMessage, to: IncomingMessage): void;
  readonly remember: Middleware;
}

const undecided = new WeakMap<IncomingMessage, Pick<Kept, "operationId" | "request">>();

/** The provider asks for a request whose operation nobody has decided. */
export function foundUndecided({ req }: Pick<KoaContextWithOIDC, "req">, found: Pick<Kept, "operationId" | "request">) {
  undecided.set(req, found);
}

const longest = 4096;

/** Whether the answer depends on nothing but the bytes and what is stored. */
export function mayRepeat({ method, url, headers }: IncomingMessage): boolean {
  const { authorization, dpop, origin, "content-length": length, "content-encoding": encoding } = headers;
  const plain = dpop === undefined && origin === undefined && encoding === undefined;
  return method === "POST" && url === "/token" && authorization !== undefined && plain && Number(length) <= longest;
}

/** `now` in ms, from any start. */
export function pendingAnswers(now: () => number): PendingAnswers {
  const kept = new Map<string, Kept>();
  const questions = new Map<string, string>();
  const looks = new WeakMap<IncomingMessage, Look>();
  const recent = new Map<string, number>();
  let heard = 0;
  /** What was begun before this much was heard may be out of date. */
  let forgotten = 0;

  function drop(operationId: string): void {
    const question = questions.get(operationId);
    if (question === undefined) return;
    questions.delete(operationId);
    kept.delete(question);
  }

  function changed(operationId: string): void {
    recent.delete(operationId);
    recent.set(operationId, ++heard);
    drop(operationId);
    if (recent.size <= mostRecent) return;
    const [[first, at] = ["", heard]] = recent;
    recent.delete(first);
    forgotten = Math.max(forgotten, at);
  }

  return {
    committed({ hints, missed }) {
      for (const { type, subject } of hints) if (type.startsWith("operation.")) changed(subject);
      if (!missed && !hints.some(({ type }) => type.startsWith("oidc-client."))) return;
      forgotten = ++heard;
      kept.clear();
      questions.clear();
    },
    answer(request, body) {
      const { authorization, accept = "", "content-type": type = "" } = request.headers;
      const question = hash("sha256", JSON.stringify([authorization, accept, type, body.toString("latin1")]), "base64");
      const known = kept.get(question);
      if (known !== undefined && now() < known.until && !known.request.isExpired) return known;
      looks.set(request, { question, since: heard });
      return undefined;
    },
    follow(from, to) {
      const look = looks.get(from);
      if (look !== undefined) looks.set(to, look);
    },
    async remember(ctx, next) {
      await next();
      const { body } = ctx as unknown as { readonly body?: { error?: string; error_description?: string } };
      const [look, found] = [looks.get(ctx.req), undecided.get(ctx.req)];
      if (look === undefined || found === undefined || body?.error !== "authorization_pending") return;
      const { operationId, request } = found;
      if (look.since < forgotten || look.since < (recent.get(operationId) ?? 0)) return;
      drop(operationId);
      questions.set(operationId, look.question);
      kept.set(look.question, {
        operationId,
        request,
        until: now() + keptMs,
        authReqId: request.jti,
        headers: { ...ctx.response.headers },
        description: body.error_description ?? "",
      });
      if (kept.size > mostKept) for (const one of kept.values()) return drop(one.operationId);
    },
  };
}
