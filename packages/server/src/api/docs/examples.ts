/**
 * What the documentation says of each route beside its schemas: one line, and an exchange as it really happens. The tests
 * play every example against a running server and compare; a route without one fails them.
 */
import { restActivationExamples } from "./examples/rest-activations.ts";
import { restApplicationExamples } from "./examples/rest-applications.ts";
import { restOperationExamples } from "./examples/rest-operations.ts";
import { restSignatureExamples } from "./examples/rest-signatures.ts";
import { restTemplateExamples } from "./examples/rest-templates.ts";
import { restPushExamples } from "./examples/rest-push.ts";
import { v1ActivationExamples } from "./examples/v1-activations.ts";
import { v1ApplicationExamples } from "./examples/v1-applications.ts";
import { v1ContainerExamples } from "./examples/approve/v1-containers.ts";
import { v1ApproveExamples } from "./examples/approve/v1-approve.ts";
import { v1DisplayExamples } from "./examples/v1-display.ts";
import { v1InboxExamples } from "./examples/v1-inbox.ts";
import { v1KeyExamples } from "./examples/v1-keys.ts";
import { v1RegistrationExamples } from "./examples/openid/v1-registration.ts";
import { v1OverviewExamples } from "./examples/overview/v1-overview.ts";
import { v1OperationExamples } from "./examples/v1-operations.ts";
import { v1OidcExamples } from "./examples/openid/v1-oidc.ts";
import { v1TransactionExamples } from "./examples/approve/v1-transactions.ts";
import { v1TemplateExamples } from "./examples/v1-templates.ts";
import { v1PushExamples } from "./examples/v1-push.ts";
import { v1WebhookExamples } from "./examples/v1-webhooks.ts";

export interface Example {
  /** What the route does, in one line. */
  readonly summary: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  /** Of a back-office call the request object alone. */
  readonly body?: unknown;
  /** 200 when absent. */
  readonly status?: number;
  /** Of a back-office call the response object alone; absent where there is none. */
  readonly response?: unknown;
  /** Body and response of a back-office call stand here as they are, with their envelopes where they have one. */
  readonly whole?: true;
  /** The answer is a stream of events, and begins with `ready`. */
  readonly stream?: true;
}

/** By method and address, as routes declare them: `GET /v1/operations/:id`. */
export type Examples = Readonly<Record<string, Example>>;

export const examples: Examples = {
  ...v1OperationExamples,
  ...v1OverviewExamples,
  ...v1TemplateExamples,
  ...v1DisplayExamples,
  ...v1ApproveExamples,
  ...v1ContainerExamples,
  ...v1TransactionExamples,
  ...v1ApplicationExamples,
  ...v1ActivationExamples,
  ...restApplicationExamples,
  ...restActivationExamples,
  ...restSignatureExamples,
  ...restOperationExamples,
  ...restTemplateExamples,
  ...restPushExamples,
  ...v1PushExamples,
  ...v1WebhookExamples,
  ...v1InboxExamples,
  ...v1KeyExamples,
  ...v1OidcExamples,
  ...v1RegistrationExamples,
};
