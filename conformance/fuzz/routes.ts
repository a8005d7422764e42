/** A running server, its routes, and the check that every answer has to pass. */
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PowerAuth, PowerAuthActivation, PowerAuthAuthentication } from "@countersign/client/mobile-token";
import { createMemoryStorage } from "@countersign/client/storage/memory";
import { serve } from "@countersign/server/main";
import fc from "fast-check";
import { rubbish, spoiled } from "../../tools/fuzz/inputs.ts";
import { approveTarget } from "./approve-routes.ts";
import { privateRoutes } from "./private-routes.ts";
import { type PublicRoute, publicRoutes } from "./public-routes.ts";
import { edited, edits, type Json, textEdit } from "./requests.ts";
import { exchanger, jsonOf, parsed, serverTarget, wrongWith } from "./server-target.ts";
import type { Target } from "./target.ts";

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

  const exchange = exchanger(agent);
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
  await ask("/v1/device-types/authenticator", { applicationId: "mobile-bank" }, "PUT");
  const device = await activate();
  const documents = [];
  for (const name of ["v1", "rest-v3"]) documents.push(await ask(`/docs/openapi-${name}.json`, undefined, "GET"));

  const { publicUrl } = server;
  const databaseFile = join(dataDirectory, "countersign.db");
  const routes = privateRoutes(documents, authorization);
  const devices = await publicRoutes(device, application.versions[0]?.applicationKey ?? "", operation.id ?? "");
  return {
    targets: [privateTarget(), publicTarget(), approveTarget({ publicUrl, databaseFile, exchange, ask })],
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
