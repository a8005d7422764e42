/** A running server, its routes, and the check that every answer has to pass. */
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, request as send } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PowerAuth, PowerAuthActivation, PowerAuthAuthentication } from "@countersign/client/mobile-token";
import { createMemoryStorage } from "@countersign/client/storage/memory";
import { serve } from "@countersign/server/main";
import fc from "fast-check";
import { mostMs, rubbish, spoiled } from "../../tools/fuzz/inputs.ts";
import { privateRoutes } from "./private-routes.ts";
import { type PublicRoute, publicRoutes } from "./public-routes.ts";
import { edited, edits, type Json, type Request, textEdit } from "./requests.ts";
import { type Outcome, shortened, type Target } from "./target.ts";

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** A server whose documents' examples name rows that exist, and targets for both of its listeners. */
export async function routeTargets(): Promise<{ readonly targets: readonly Target[]; close(): Promise<void> }> {
  const dataDirectory = mkdtempSync(join(tmpdir(), "countersign-fuzz-"));
  const server = await serve({
    dataDirectory,
    log: "silent",
    // Every input is a stranger's, and all come from one address.
    config: { port: 0, privatePort: 0, refusalsPerMinute: 1_000_000_000 },
    environment: {},
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const first = JSON.parse(readFileSync(server.bootstrapPath, "utf8")) as { clientId: string; clientSecret: string };
  const basic = (id: string, secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`;
  let authorization = basic(first.clientId, first.clientSecret);

  const exchange = (url: string, { method, path, query, headers, body }: Request): Promise<Answer> =>
    new Promise((resolve, reject) => {
      // Longer than this, Node refuses the head and closes the connection.
      const search = new URLSearchParams(query).toString().slice(0, 4000);
      const target = new URL(url);
      const outgoing = send(
        {
          agent,
          host: target.hostname,
          port: target.port,
          method,
          path: `${path}${search === "" ? "" : `?${search}`}`,
          headers: {
            ...headers,
            ...(body !== undefined && {
              "content-type": "application/json",
              "content-length": Buffer.byteLength(body),
            }),
          },
        },
        (incoming) => {
          const parts: Buffer[] = [];
          incoming.on("data", (part: Buffer) => parts.push(part));
          incoming.on("error", reject);
          incoming.on("end", () =>
            resolve({
              status: incoming.statusCode ?? 0,
              type: incoming.headers["content-type"] ?? "",
              body: Buffer.concat(parts).toString("utf8"),
            }),
          );
        },
      );
      outgoing.on("error", (error) =>
        reject(new Error(`${error.message}: ${method} ${shortened({ path, query, body }, 600)}`)),
      );
      outgoing.end(body);
    });
  const ask = async (path: string, body?: Json, method = "POST"): Promise<Json> => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const answer = await exchange(server.privateUrl, {
      method,
      path,
      query: {},
      headers: { authorization },
      body: text,
    });
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.body}`);
    return JSON.parse(answer.body) as Json;
  };

  const all = ["admin", "integrate", "operate", "relying-party", "decide"];
  const client = (await ask("/v1/api-clients", { name: "fuzz", permissions: all })) as Record<string, string>;
  authorization = basic(client.clientId ?? "", client.clientSecret ?? "");
  const application = (await ask("/v1/applications", { id: "mobile-bank" })) as { versions: Record<string, string>[] };
  await ask("/v1/templates", {
    name: "payment",
    operationType: "payment",
    dataTemplate: "A1*A${amount}${currency}*N${note}",
    signatureTypes: ["POSSESSION", "POSSESSION_KNOWLEDGE"],
    maxFailureCount: 1_000_000,
    expirationSeconds: 86_400,
  });
  const operation = (await ask("/v1/operations", {
    template: "payment",
    userId: "device",
    applications: ["mobile-bank"],
    parameters: { amount: "1250.00", currency: "EUR", note: "Rent" },
  })) as Record<string, string>;
  const device = await activate();
  const documents = [];
  for (const name of ["v1", "rest-v3"]) documents.push(await ask(`/docs/openapi-${name}.json`, undefined, "GET"));

  const routes = privateRoutes(documents, authorization);
  const devices = await publicRoutes(device, application.versions[0]?.applicationKey ?? "", operation.id ?? "");
  return {
    targets: [privateTarget(), publicTarget()],
    async close() {
      agent.destroy();
      await server.close();
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };

  async function activate(): Promise<PowerAuth> {
    const started = (await ask("/v1/activations", {
      applicationId: "mobile-bank",
      userId: "device",
      commitPhase: "ON_KEY_EXCHANGE",
      maxFailedAttempts: 255,
    })) as Record<string, string>;
    const one = new PowerAuth(randomUUID());
    const storage = createMemoryStorage();
    await one.configure(application.versions[0]?.sdkConfiguration ?? "", server.publicUrl, true, { storage });
    const code = started.activationCode ?? "";
    await one.createActivation(PowerAuthActivation.createWithActivationCode(code, "fuzz"));
    await one.persistActivation(PowerAuthAuthentication.persistWithPassword("2580"));
    return one;
  }

  /** Bodies, queries and paths of every documented route. */
  function privateTarget(): Target {
    const inputs = fc.record({ route: fc.nat(), pick: fc.nat(), changes: edits, text: textEdit });
    return serverTarget("private routes", 14, inputs, async ({ route: at, pick, changes, text }) => {
      const route = routes[at % routes.length]!;
      const { request, body } = route.request(changes, pick);
      const plain = body === undefined ? undefined : JSON.stringify(body);
      const sent = plain === undefined || text === undefined ? plain : text(plain);
      const whole = { ...request, body: request.method === "GET" ? undefined : sent };
      const answer = await exchange(server.privateUrl, whole);
      const json = jsonOf(answer);
      const wrong = wrongWith(answer, json, request.path.startsWith("/v1/") ? "problem" : "envelope");
      const accepted = answer.status < 300;
      if (wrong === undefined && accepted) {
        route.learn(json as Json);
        const read = whole.body === undefined || text === undefined ? body : parsed(whole.body);
        // What is no JSON text, or what the documents do not allow, was not to be accepted.
        if (whole.body !== undefined && !route.allows(read))
          return { accepted, whole, wrong: "accepted, but not documented" };
      }
      return { accepted, whole, ...(wrong !== undefined && { wrong: `${wrong}: ${answer.status} ${answer.body}` }) };
    });
  }

  /** Bodies and headers of what devices call, a third of them proven. */
  function publicTarget(): Target {
    const inputs = fc.record({
      route: fc.nat(),
      changes: edits,
      text: textEdit,
      header: fc.oneof(fc.constant("proven"), fc.constant("none"), spoiled(fc.constant("header")), rubbish),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    return serverTarget("public routes", 6, inputs, async ({ route: number, changes, text, header, at }) => {
      const route = devices[number % devices.length]!;
      const plain = JSON.stringify(edited({ ...route.body }, changes)) ?? "";
      const body = text === undefined ? plain : text(plain);
      const headers = await headersFor(route, body, header, at);
      const whole = { method: "POST", path: route.path, query: {}, headers, body };
      const answer = await exchange(server.publicUrl, whole);
      const wrong = wrongWith(answer, jsonOf(answer), "envelope");
      const accepted = answer.status < 300;
      return { accepted, whole, ...(wrong !== undefined && { wrong: `${wrong}: ${answer.status} ${answer.body}` }) };
    });
  }
}

/** The device's own header, none, or one that looks like it with a piece put in somewhere. */
async function headersFor(
  route: PublicRoute,
  body: string,
  header: string,
  at: number,
): Promise<Record<string, string>> {
  if (header === "none") return {};
  if (header === "proven") return (await route.prove?.(body)) ?? { [route.header.name]: route.header.example };
  const { name, example } = route.header;
  const place = Math.floor(at * example.length);
  // Anything else does not get as far as the server.
  const piece = header.replaceAll(/[^\t\u0020-\u007e\u0080-\u00ff]/g, "").slice(0, 4000);
  return { [name]: example.slice(0, place) + piece + example.slice(place + (piece.length % 5)) };
}

interface Checked {
  readonly accepted: boolean;
  readonly whole: Request;
  readonly wrong?: string;
}

/** Slow is what is slow three times over; the sum of client and server on this thread counts. */
function serverTarget<Input>(
  name: string,
  share: number,
  inputs: fc.Arbitrary<Input>,
  check: (input: Input) => Promise<Checked>,
): Target {
  return {
    name,
    share,
    async run(numRuns, seed): Promise<Outcome> {
      let accepted = 0;
      let slowest = { ms: 0, input: "" };
      const property = fc.asyncProperty(inputs, async (input) => {
        let ms = Number.POSITIVE_INFINITY;
        let last: Checked | undefined;
        for (let attempt = 0; attempt < 3 && ms > mostMs; attempt++) {
          const started = process.threadCpuUsage();
          last = await check(input);
          const { user, system } = process.threadCpuUsage(started);
          ms = Math.min(ms, (user + system) / 1000);
        }
        const { whole, wrong } = last!;
        const { method, path, query, headers, body } = whole;
        if (ms > slowest.ms) slowest = { ms, input: shortened({ method, path, query, body }) };
        if (last!.accepted) accepted++;
        const sent = `${method} ${path} ${shortened({ query, headers: { ...headers, authorization: undefined }, body }, 4000)}`;
        if (wrong !== undefined) throw new Error(`${wrong}\n  ${sent}`);
        if (ms > mostMs) throw new Error(`took ${ms} ms\n  ${sent}`);
      });
      const details = await fc.check(property, { numRuns, seed });
      if (!details.failed) return { passed: numRuns, failures: [], accepted, slowest };
      const error = details.errorInstance instanceof Error ? details.errorInstance.message : "";
      const failure = `${error}\n  seed ${seed}, path ${details.counterexamplePath}`;
      return { passed: details.numRuns - 1, failures: [failure], accepted, slowest };
    },
  };
}

/** Every refusal has the form of its surface and a stable code; no answer is a server error. */
function wrongWith({ status, type }: Answer, json: unknown, form: "problem" | "envelope"): string | undefined {
  if (status >= 500 || status === 0) return "server error";
  if (status === 204) return undefined;
  if (json === undefined) return "no JSON";
  if (status < 300) return undefined;
  if (status < 400) return "redirect";
  const { code, responseObject } = json as { code?: unknown; responseObject?: { code?: unknown } };
  // An address that does not exist belongs to neither.
  const isProblem = typeof code === "string" && type.startsWith("application/problem+json");
  const isEnvelope = typeof responseObject?.code === "string";
  if (status === 404 && (isProblem || isEnvelope)) return undefined;
  return (form === "problem" ? isProblem : isEnvelope) ? undefined : "not a refusal of this surface";
}

function jsonOf({ status, body }: Answer): unknown {
  return status === 204 && body === "" ? null : parsed(body);
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
