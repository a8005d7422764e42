/**
 * What the documentation says of each route beside its schemas: one line, and an exchange as it really happens. The tests
 * play every example against a running server and compare; a route without one fails them.
 */
import { restActivationExamples } from "./examples/rest-activations.ts";
import { restApplicationExamples } from "./examples/rest-applications.ts";
import { restOperationExamples } from "./examples/rest-operations.ts";
import { restSignatureExamples } from "./examples/rest-signatures.ts";
import { restTemplateExamples } from "./examples/rest-templates.ts";
import { v1ActivationExamples } from "./examples/v1-activations.ts";
import { v1ApplicationExamples } from "./examples/v1-applications.ts";
import { v1ApproveExamples } from "./examples/v1-approve.ts";
import { v1DisplayExamples } from "./examples/v1-display.ts";
import { v1OperationExamples } from "./examples/v1-operations.ts";

export interface Example {
  /** What the route does, in one line. */
  readonly summary: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  /** Under `/rest/v3` the request object alone. */
  readonly body?: unknown;
  /** 200 when absent. */
  readonly status?: number;
  /** Under `/rest/v3` the response object alone; absent where there is none. */
  readonly response?: unknown;
}

/** By method and address, as routes declare them: `GET /v1/operations/:id`. */
export type Examples = Readonly<Record<string, Example>>;

export const examples: Examples = {
  ...v1OperationExamples,
  ...v1DisplayExamples,
  ...v1ApproveExamples,
  ...v1ApplicationExamples,
  ...v1ActivationExamples,
  ...restApplicationExamples,
  ...restActivationExamples,
  ...restSignatureExamples,
  ...restOperationExamples,
  ...restTemplateExamples,
};
