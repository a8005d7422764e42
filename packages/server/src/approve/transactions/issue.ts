/** A container fetches a transaction (Approve protocol §7): claimed where nobody had it, stated once, encrypted each time. */
import { toBase64Url, utf8 } from "@countersign/protocol/bytes";
import { isFailure } from "@countersign/protocol/errors";
import { sealMessage } from "@countersign/protocol/approve/jwe";
import { readMessage } from "@countersign/protocol/approve/message";
import { formText } from "@countersign/protocol/approve/shown";
import { protocolVersion, transaction, type TransactionClaims } from "@countersign/protocol/approve/transaction";
import type { Display } from "@countersign/protocol/operation/display";
import type { Deps } from "../../deps.ts";
import { isRefusal, type Refusal, refuse } from "../../errors.ts";
import { builtOnce } from "../../lists/built-once.ts";
import { claimOperation } from "../../operations/claim.ts";
import { findForDevice, isEntitledViewer, pendingForDevice } from "../../operations/detail.ts";
import type { IssuedTransactionTable } from "../../store/schema.ts";
import type { OperationRow } from "../../store/store.ts";
import { allowedStatuses, approvalOf } from "./approval.ts";
import { isCancelable } from "./cancel.ts";
import { findDeviceType } from "../device-types/device-types.ts";
import { type Container, isOver, keyFor } from "../container.ts";
import { isOpenReference } from "./reference.ts";
import { signForDevices } from "../server-key.ts";

type IssueDeps = Pick<
  Deps,
  "store" | "random" | "secrets" | "crypto" | "signingKeys" | "publicUrl" | "displayTemplates"
>;

export interface FetchInput {
  readonly operationId: string;
  readonly container: Container;
  /** The code that was scanned, for a transaction without a user. */
  readonly reference?: string | undefined;
  readonly language: string;
}

/** A JWE. Refuses `transaction-unknown`, `key-expired`, and the state that stands in the way. */
export async function fetchTransaction(deps: IssueDeps, input: FetchInput): Promise<string | Refusal> {
  const { container } = input;
  const now = await deps.store.now();
  const key = keyFor(container, "enc");
  if (isOver(key, now)) return refuse("key-expired");
  const operation = await taken(deps, input, now);
  if (isRefusal(operation)) {
    return operation.refused === "operation-not-found" ? refuse("transaction-unknown") : operation;
  }
  const row = (await findIssued(deps, operation.id, container.activation.id)) ?? (await issue(deps, operation, input));
  const message = openMessage(deps, row);
  return sealMessage(message, key.jwk, { serverKid: signerOf(message), containerKid: key.kid });
}

/** The key that signed the message: not the active one, where keys were changed since. */
function signerOf(message: string): string {
  const read = readMessage(transaction, message);
  if (isFailure(read)) throw new Error(`A stored transaction is not one: ${read.error}`);
  return read.kid;
}

/** The transaction as this container was told it, if it was. */
async function findIssued(
  deps: Pick<Deps, "store">,
  operationId: string,
  activationId: string,
): Promise<IssuedTransactionTable | undefined> {
  const { tenant } = deps.store;
  const [row] = await issuedQuery(deps.store, { tenant, operationId, activationId });
  return row;
}

const issuedQuery = builtOnce<
  { readonly tenant: string; readonly operationId: string; readonly activationId: string },
  IssuedTransactionTable
>((db, mark) =>
  db
    .selectFrom("issued_transaction")
    .selectAll()
    .where("tenant", "=", mark("tenant"))
    .where("operation_id", "=", mark("operationId"))
    .where("activation_id", "=", mark("activationId")),
);

export function openMessage({ secrets }: Pick<Deps, "secrets">, row: IssuedTransactionTable): string {
  return new TextDecoder().decode(secrets.open(place(row.operation_id, row.activation_id), row.message_sealed));
}

/** Claimed for the container's user when it was nobody's and the code is right (APV-REF-4). */
async function taken(deps: IssueDeps, input: FetchInput, now: number): Promise<OperationRow | Refusal> {
  const { operationId, container } = input;
  const { activation: viewer } = container;
  const found = await findForDevice(deps, operationId, viewer);
  if (isRefusal(found) || found.user_id !== null) return found;
  const { reference = "" } = input;
  if (!(await isOpenReference(deps, reference, operationId, now))) return refuse("operation-not-found");
  const flags = JSON.parse(viewer.flags) as string[];
  const { id: activationId, user_id: userId, application_id: applicationId } = viewer;
  const claimed = await claimOperation(deps, {
    operationId,
    userId,
    flags,
    by: { kind: "device", activationId, userId, applicationId, flags, factors: "possession" },
    sees: (operation) => isEntitledViewer(operation, viewer),
  });
  return isRefusal(claimed) ? claimed : pendingForDevice(claimed, viewer);
}

async function issue(deps: IssueDeps, operation: OperationRow, input: FetchInput): Promise<IssuedTransactionTable> {
  const { container, language } = input;
  const { tenant } = deps.store;
  const nonce = toBase64Url(deps.random(16));
  const now = await deps.store.now();
  const shown = (await deps.displayTemplates.current()).show(operation, language, { exactAmounts: true });
  const type = await findDeviceType(deps, container.row.device_type);
  const cancelable = !isRefusal(type) && type.features.cancel && isCancelable(operation);
  const claims = claimsOf(deps, operation, container, { nonce, shown, now, cancelable });
  const text = await signForDevices(deps, transaction, claims);
  const row: IssuedTransactionTable = {
    tenant,
    operation_id: operation.id,
    activation_id: container.activation.id,
    nonce,
    message_sealed: deps.secrets.seal(place(operation.id, container.activation.id), utf8(text)),
    shown_digest: toBase64Url(deps.crypto.sha256(utf8(claims.display.text))),
    language: claims.display.language,
    issued_at: now,
  };
  await deps.store.transaction(({ db }) =>
    db
      .insertInto("issued_transaction")
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .execute(),
  );
  const stored = await findIssued(deps, operation.id, container.activation.id);
  if (stored === undefined) throw new Error("An issued transaction was not stored");
  return stored;
}

interface Issued {
  readonly nonce: string;
  readonly shown: Display;
  readonly now: number;
  readonly cancelable: boolean;
}

function claimsOf(
  deps: IssueDeps,
  operation: OperationRow,
  { activation }: Container,
  { nonce, shown, now, cancelable }: Issued,
): TransactionClaims {
  const approval = approvalOf(operation);
  const { match, bindingMessage, authorizationDetails, request, origin, payload } = approval;
  const parameters = JSON.parse(operation.parameters) as Record<string, string>;
  const { formData: form, language } = shown;
  const text = formText(form);
  const must = Object.entries({ match, bindingMessage, authorizationDetails, request })
    .filter(([, value]) => value !== undefined)
    .map(([member]) => member);
  return {
    iss: deps.publicUrl,
    aud: activation.id,
    tid: operation.id,
    nonce,
    iat: Math.floor(now / 1000),
    exp: Math.floor(operation.expires_at / 1000),
    user: activation.user_id,
    client: approval.client ?? { id: activation.application_id, name: activation.application_id },
    details: { type: operation.operation_type, data: operation.data, parameters },
    display: { template: operation.operation_type, language, form, text },
    ...(bindingMessage !== undefined && { bindingMessage }),
    ...(authorizationDetails !== undefined && { authorizationDetails }),
    ...(request !== undefined && { request }),
    allowed: allowedStatuses(approval),
    ...(match !== undefined && { match: { mode: match, length: 6 } }),
    ...(origin !== undefined && { origin }),
    cancelable,
    ...(payload !== undefined && { payload }),
    minVer: protocolVersion,
    ...(must.length > 0 && { must }),
  };
}

function place(operationId: string, activationId: string) {
  return { table: "issued_transaction", column: "message_sealed", row: JSON.stringify([operationId, activationId]) };
}
