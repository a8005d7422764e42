/** `/v1/device-types`: which Approve devices may enrol, how their keys are protected, and what follows a report. */
import { passwordRules } from "@countersign/protocol/approve/policy";
import { Type } from "typebox";
import { deviceTypeDefaults, type DeviceType } from "../../../approve/device-types/device-type.ts";
import {
  findDeviceType,
  listDeviceTypes,
  putDeviceType,
  removeDeviceType,
} from "../../../approve/device-types/device-types.ts";
import type { Deps } from "../../../deps.ts";
import { orRefuse, RefusedError, refuse } from "../../../errors.ts";
import { mayUse } from "../../../accounts/api-client.ts";
import { name, text } from "../../members.ts";
import type { Api } from "../../surfaces.ts";
import { closed, itemsSchema } from "../members.ts";

const count = Type.Integer({ minimum: 0, maximum: 1_000_000 });
const orNever = Type.Integer({ minimum: -1, maximum: 315_360_000 });
const numbers = Object.fromEntries(
  Object.entries(passwordRules).map(([member, value]) => [member, typeof value === "number" ? count : Type.Boolean()]),
);
const policy = closed({
  type: Type.Enum(["DEVICE", "PASSWORD", "BIOPASSWORD"]),
  password: Type.Optional(closed(numbers)),
  lock: closed({
    type: Type.Enum(["none", "counter", "delay", "silent"]),
    counter: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
    delay: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400 })),
  }),
});
const keyPolicies = closed({ auth: text(64), tx: text(64), enc: text(64), pop: text(64) });
const version = Type.String({ pattern: "^\\d{1,6}(\\.\\d{1,6}){0,3}$" });
const content = {
  applicationId: name,
  maxDevices: count,
  rules: closed({
    platforms: Type.Array(
      closed({ platform: text(32), minVersion: Type.Optional(version), maxVersion: Type.Optional(version) }),
      { maxItems: 16 },
    ),
    hardwareKeysRequired: Type.Boolean(),
    rootedAllowed: Type.Boolean(),
    message: Type.Optional(text(500)),
  }),
  policies: Type.Record(text(64), policy),
  keyPolicies,
  keyDays: Type.Integer({ minimum: 0, maximum: 3650 }),
  countermeasures: closed({
    disabledTimeReset: orNever,
    challengeTimeoutPeriod: orNever,
    challengeDisableThreshold: orNever,
    disableThreshold: Type.Integer({ minimum: 1, maximum: 255 }),
    mostOutstanding: Type.Integer({ minimum: 1, maximum: 1000 }),
    deniedThreshold: orNever,
  }),
  features: closed({
    cancel: Type.Boolean(),
    direct: Type.Boolean(),
    renew: Type.Boolean(),
    directTemplate: Type.Optional(name),
  }),
  defaultClient: Type.Union([name, Type.Null()]),
  otp: Type.Array(
    closed({
      label: text(64),
      type: Type.Enum(["HOTP", "TOTP", "OCRA"]),
      digits: Type.Integer({ minimum: 6, maximum: 10 }),
      algorithm: Type.Enum(["SHA1", "SHA256", "SHA512"]),
      period: Type.Optional(Type.Integer({ minimum: 10, maximum: 300 })),
      suite: Type.Optional(text(64)),
      policy: text(64),
    }),
    { maxItems: 16 },
  ),
};
const schema = closed({ id: text(64), ...content });
const { applicationId: required, ...optional } = content;
const body = closed({ applicationId: required, ...partial(optional) });
const params = closed({ id: text(64) });

export function deviceTypeRoutes(app: Api, deps: Deps): void {
  const config = { permission: "integrate" } as const;
  const readers = { permission: ["integrate", "operate"] } as const;

  app.put("/v1/device-types/:id", { config, schema: { params, body, response: { 200: schema } } }, async (request) => {
    const { apiClient } = request;
    const given = request.body as unknown as Partial<DeviceType> & Pick<DeviceType, "applicationId">;
    if (!mayUse(apiClient, given.applicationId)) throw new RefusedError(refuse("application-not-found"));
    const type: DeviceType = { ...deviceTypeDefaults, ...given, id: request.params.id };
    return orRefuse(await putDeviceType(deps, { type, clientId: apiClient.id })) as never;
  });

  app.get(
    "/v1/device-types",
    { config: readers, schema: { response: { 200: itemsSchema(schema) } } },
    async (request) => {
      const types = await listDeviceTypes(deps);
      return { items: types.filter((type) => mayUse(request.apiClient, type.applicationId)) } as never;
    },
  );

  app.get(
    "/v1/device-types/:id",
    { config: readers, schema: { params, response: { 200: schema } } },
    async (request) => {
      return (await seen(deps, request)) as never;
    },
  );

  app.delete("/v1/device-types/:id", { config, schema: { params } }, async (request, reply) => {
    await seen(deps, request);
    orRefuse(await removeDeviceType(deps, { id: request.params.id, clientId: request.apiClient.id }));
    return reply.code(204).send();
  });
}

interface Asked {
  readonly params: { readonly id: string };
  readonly apiClient: Parameters<typeof mayUse>[0];
}

async function seen(deps: Deps, { params: { id }, apiClient }: Asked): Promise<DeviceType> {
  const type = orRefuse(await findDeviceType(deps, id));
  if (!mayUse(apiClient, type.applicationId)) throw new RefusedError(refuse("device-type-not-found"));
  return type;
}

function partial<T extends Record<string, Parameters<typeof Type.Optional>[0]>>(members: T) {
  return Object.fromEntries(Object.entries(members).map(([member, one]) => [member, Type.Optional(one)]));
}
