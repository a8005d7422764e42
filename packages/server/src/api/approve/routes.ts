/** `/approve/v1`: the device API of the Approve protocol. One file per noun; this one only lists them. */
import type { Deps } from "../../deps.ts";
import type { Api } from "../surfaces.ts";
import { offerNonces } from "./call.ts";
import { containerRoutes } from "./container.ts";
import { enrolmentRoutes } from "./enrolment.ts";
import { containerLiveRoutes } from "./live.ts";
import { openRoutes } from "./open.ts";
import { transactionRoutes } from "./transactions.ts";

export function approveRoutes(app: Api, deps: Deps): void {
  openRoutes(app);
  offerNonces(app, deps);
  enrolmentRoutes(app, deps);
  transactionRoutes(app, deps);
  containerRoutes(app, deps);
  containerLiveRoutes(app, deps);
}
