/** `/rest/v3/status` and `/rest/v3/error/list`: what this server is and which codes it answers with. */
import { Type } from "typebox";
import type { Deps } from "../../deps.ts";
import { refusals } from "../../errors.ts";
import { product } from "../../product.ts";
import { isoDate, orNull, text } from "../members.ts";
import type { Api } from "../surfaces.ts";
import { bareCall, call } from "./call.ts";

export function statusRoutes(app: Api, deps: Pick<Deps, "store">): void {
  bareCall(app, "/status", ["integrate", "operate"], async () => ({
    status: "OK",
    applicationName: product.name,
    applicationDisplayName: "Countersign",
    applicationEnvironment: "",
    version: product.version,
    buildTime: null,
    timestamp: isoDate(await deps.store.now()),
  }));

  call(app, "/error/list", ["integrate", "operate"], Type.Object({ language: orNull(text(16)) }), async () => ({
    errors: [...errors].map(([code, value]) => ({ code, value })),
  }));
}

/** Several reasons may share a code; the first one speaks for it. */
const errors = new Map<string, string>();
for (const { backOffice, text: value } of Object.values(refusals)) {
  if (!errors.has(backOffice)) errors.set(backOffice, value);
}
