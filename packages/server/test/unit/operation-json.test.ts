/** The operation as devices, back offices and relying parties read it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { display } from "@countersign/protocol/operation/display";
import { backOfficeOperation, deviceOperation, relyingPartyOperation } from "../../src/api/operation-json.ts";
import type { OperationRow } from "../../src/store/store.ts";

const at = Date.UTC(2025, 0, 2, 3, 4, 5, 678);
const row: OperationRow = {
  tenant: "default",
  id: "6e5f34d6-1f0d-4a8b-9d0e-7b2f2f3c4d5e",
  user_id: null,
  external_id: null,
  activation_id: null,
  activation_flag: null,
  template_name: "payment",
  operation_type: "authorize_payment",
  data: "A1*A100CZK",
  parameters: '{"amount":"100","note":"a\\nb"}',
  additional_data: "{}",
  applications: '["bank"]',
  signature_types: '["POSSESSION_KNOWLEDGE","POSSESSION_BIOMETRY"]',
  status: "PENDING",
  status_reason: null,
  failure_count: 0,
  max_failure_count: 5,
  risk_flags: null,
  created_at: at,
  expires_at: at + 300_000,
  finalized_at: null,
  proximity_seed_sealed: null,
  approval: null,
  backchannel_id: null,
  backchannel_sink: null,
};

const shown = (operation: OperationRow) =>
  deviceOperation(
    operation,
    display(
      {
        operationType: operation.operation_type,
        parameters: JSON.parse(operation.parameters) as Record<string, string>,
        riskFlags: operation.risk_flags ?? "",
        proximityCheck: operation.proximity_seed_sealed !== null,
      },
      undefined,
    ),
  );

test("Devices get the form of the Mobile Token API; members without a value are left out", () => {
  assert.deepEqual(shown({ ...row, proximity_seed_sealed: "sealed" }), {
    id: row.id,
    name: "authorize_payment",
    data: "A1*A100CZK",
    status: "PENDING",
    operationCreated: "2025-01-02T03:04:05+0000",
    operationExpires: "2025-01-02T03:09:05+0000",
    allowedSignatureType: { type: "2FA", variants: ["possession_knowledge", "possession_biometry"] },
    formData: {
      title: "authorize_payment",
      message: "",
      attributes: [
        { type: "KEY_VALUE", id: "amount", label: "amount", value: "100" },
        { type: "KEY_VALUE", id: "note", label: "note", value: "a\nb" },
      ],
    },
  });
  assert.equal(shown({ ...row, status: "CANCELED", status_reason: "FRAUD" }).statusReason, "FRAUD");
});

test("Possession alone makes it 1FA without variants; of the rest only combinations that devices know are named", () => {
  const allowed = (...types: string[]) =>
    shown({ ...row, signature_types: JSON.stringify(types) }).allowedSignatureType;
  assert.deepEqual(allowed("POSSESSION"), { type: "1FA", variants: [] });
  assert.deepEqual(allowed("POSSESSION_KNOWLEDGE", "POSSESSION"), { type: "1FA", variants: [] });
  assert.deepEqual(allowed("POSSESSION_BIOMETRY"), { type: "2FA", variants: ["possession_biometry"] });
  assert.deepEqual(allowed("KNOWLEDGE", "POSSESSION_KNOWLEDGE_BIOMETRY"), { type: "2FA", variants: [] });
});

test("Back offices get the proximity password they are given; a device's form has no place for one", () => {
  assert.equal(backOfficeOperation(row, "12345678").proximityOtp, "12345678");
  assert.doesNotMatch(JSON.stringify(shown({ ...row, proximity_seed_sealed: "c2VlZA==" })), /proximity|c2VlZA/);
});

test("Back offices get every member of the operation, null where there is no value", () => {
  assert.deepEqual(backOfficeOperation(row), {
    id: row.id,
    userId: null,
    applications: ["bank"],
    externalId: null,
    activationFlag: null,
    activationId: null,
    operationType: "authorize_payment",
    templateName: "payment",
    data: "A1*A100CZK",
    parameters: { amount: "100", note: "a\nb" },
    additionalData: {},
    status: "PENDING",
    statusReason: null,
    signatureType: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
    failureCount: 0,
    maxFailureCount: 5,
    timestampCreated: "2025-01-02T03:04:05.678+00:00",
    timestampExpires: "2025-01-02T03:09:05.678+00:00",
    timestampFinalized: null,
    riskFlags: null,
    proximityOtp: null,
  });
});

test("Relying parties get what they asked for, the tries and the decision", () => {
  const told = relyingPartyOperation(
    { ...row, status: "APPROVED", user_id: "alice", external_id: "order-1", finalized_at: at + 1000 },
    { attempts: [{ action: "approve", outcome: "data", activationId: null, at: at + 500 }], decision: undefined },
    undefined,
  );
  assert.deepEqual(told, {
    id: row.id,
    status: "APPROVED",
    template: "payment",
    operationType: "authorize_payment",
    userId: "alice",
    applications: ["bank"],
    externalId: "order-1",
    data: "A1*A100CZK",
    parameters: { amount: "100", note: "a\nb" },
    additionalData: {},
    signatureTypes: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
    proximityCheck: false,
    failureCount: 0,
    maxFailureCount: 5,
    createdAt: "2025-01-02T03:04:05.678Z",
    expiresAt: "2025-01-02T03:09:05.678Z",
    finalizedAt: "2025-01-02T03:04:06.678Z",
    attempts: [{ action: "approve", outcome: "data", at: "2025-01-02T03:04:06.178Z" }],
  });
});
