/**
 * How each surface speaks: body parsing that keeps the exact bytes, envelopes, and one error handler per surface that
 * turns whatever went wrong into a row of `errors.ts`. Nothing unexpected ever reaches a caller as more than a code.
 */
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type {
  FastifyBaseLogger,
  FastifyError,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from "fastify";
import { type Refusal, RefusedError, refusals, refuse } from "../errors.ts";
import { isDatabaseAway, StoreError } from "../store/errors.ts";

export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

declare module "fastify" {
  interface FastifyRequest {
    /** The body exactly as it came: what signatures cover. Empty when there was none. */
    rawBody: Uint8Array;
  }
}

const empty = new Uint8Array();
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** JSON bodies only, kept as bytes too. An absent body is undefined. */
export function parseJsonBodies(app: Api): void {
  app.decorateRequest("rawBody");
  app.addHook("onRequest", (request, _reply, done) => {
    request.rawBody = empty;
    done();
  });
  app.removeAllContentTypeParsers();
  const strict = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, body, done) => {
    const bytes = body as Buffer;
    request.rawBody = bytes;
    if (bytes.length === 0) return done(null, undefined);
    const text = textOf(bytes);
    if (text === undefined) return done(new RefusedError(refuse("invalid-request", "body - not UTF-8")));
    void strict(request, text, done);
  });
}

/** Undefined for what is not UTF-8: a replacement character would be read as another text than was signed. */
function textOf(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** `{"status":"OK","responseObject":…}`; the member is absent when there is nothing to say. */
export function okEnvelope<T>(responseObject?: T): { status: "OK"; responseObject?: T } {
  return responseObject === undefined ? { status: "OK" } : { status: "OK", responseObject };
}

/** `unreadable`: the request was no JSON at all. */
type Render = (refusal: Refusal, reply: FastifyReply, unreadable: boolean) => FastifyReply;

function errorEnvelope(reply: FastifyReply, status: number, code: string, message: string): FastifyReply {
  return reply.code(status).send({ status: "ERROR", responseObject: { code, message } });
}

/** `/pa/*` */
export function speakPowerAuth(app: Api): void {
  speak(app, (refusal, reply) => errorEnvelope(reply, ...refusals[refusal.refused].powerAuth));
}

/** `/api/*` */
export function speakMobileToken(app: Api): void {
  speak(app, (refusal, reply) => {
    const row = refusals[refusal.refused];
    const text = row.mobileToken[1] === "POWERAUTH_AUTH_FAIL" ? "Authentication failed" : row.text;
    return errorEnvelope(reply, row.mobileToken[0], row.mobileToken[1], text);
  });
}

/** `/rest/v3/*`: PowerAuth back offices expect 400 for every refusal but missing credentials. */
export function speakBackOffice(app: Api): void {
  const statuses: Partial<Record<Refusal["refused"], number>> = {
    unauthenticated: 401,
    forbidden: 403,
    "not-found": 404,
    throttled: 429,
    "outcome-unknown": 503,
    unavailable: 503,
    "internal-error": 500,
  };
  speak(app, (refusal, reply, unreadable) => {
    const row = refusals[refusal.refused];
    const message = refusal.detail ?? row.text;
    const code = unreadable ? "ERROR_HTTP_REQUEST" : row.backOffice;
    return reply.code(statuses[refusal.refused] ?? 400).send({
      status: "ERROR",
      responseObject: { code, message, localizedMessage: row.text },
    });
  });
}

/** `/v1/*`: RFC 9457 problem details with our stable code. */
export function speakProblems(app: Api): void {
  speak(app, problem);
}

function problem({ refused, detail }: Refusal, reply: FastifyReply): FastifyReply {
  const { status, text: title } = refusals[refused];
  return reply
    .code(status)
    .type("application/problem+json")
    .send({ title, status, code: refused, ...(detail !== undefined && { detail }) });
}

/** What unknown addresses answer: an envelope, or problem details under `/v1` and `/console`. Set once per listener. */
export function answerUnknownAddresses(app: Api): void {
  app.setNotFoundHandler((request, reply) => answerUnknownAddress(request, reply));
}

/** Also for addresses that cannot be read, before any route is found for them. */
export function answerUnknownAddress(request: Pick<FastifyRequest, "url">, reply: FastifyReply): FastifyReply {
  return /^\/(v1|console)\//.test(request.url)
    ? problem(refuse("not-found"), reply)
    : errorEnvelope(reply, 404, "ERROR_NOT_FOUND", refusals["not-found"].text);
}

function speak(app: Api, render: Render): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const refusal = refusalOf(error);
    if (refusal !== undefined) {
      if (refusal.refused === "throttled") void reply.header("retry-after", "60");
      const parsed = error instanceof RefusedError || error.validation !== undefined;
      return render(refusal, reply, refusal.refused === "invalid-request" && !parsed);
    }
    // The message may quote a request: only the error's class and place are logged.
    request.log.error(
      { name: error.name, code: error.code, at: error.stack?.split("\n")[1]?.trim() },
      "unexpected error",
    );
    return render(refuse("internal-error"), reply, false);
  });
}

function refusalOf(error: FastifyError): Refusal | undefined {
  if (error instanceof RefusedError) return error.refusal;
  if (error instanceof StoreError) return refuse(error.code === "OUTCOME_UNKNOWN" ? "outcome-unknown" : "unavailable");
  if (isDatabaseAway(error)) return refuse("unavailable");
  if (error.validation !== undefined) return refuse("invalid-request", validationDetail(error));
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500)
    return refuse("invalid-request");
  return undefined;
}

/** Names the member and the rule; never the value. */
function validationDetail(error: FastifyError): string {
  const where = (error.validation ?? []).map(({ instancePath, keyword }) => {
    const member = instancePath.split("/").filter(Boolean).join(".") || (error.validationContext ?? "request");
    return `${member} - ${keyword}`;
  });
  return where.join(", ");
}

/** The address that counts for throttling and evidence, and what the caller says it is. */
export function callerOf(request: FastifyRequest): { ipAddress: string; userAgent: string; language: string } {
  const language = /^[A-Za-z]{2,3}/.exec(request.headers["accept-language"] ?? "")?.[0].toLowerCase() ?? "en";
  return { ipAddress: request.ip, userAgent: request.headers["user-agent"] ?? "", language };
}
