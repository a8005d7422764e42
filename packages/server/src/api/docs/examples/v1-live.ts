/** Examples of `/v1`: what is told as it happens. */
import type { Examples } from "../examples.ts";

export const v1LiveExamples: Examples = {
  "GET /v1/live": { summary: "Live updates as server-sent events", stream: true },
};
