/** How every call of `/rest/v3` is made: POST, one permission, the request and the answer each in an envelope. */
import { type Static, type TSchema, Type } from "typebox";
import { type ApiClient, mayUse, type Permission } from "../../accounts/api-client.ts";
import { orRefuse, RefusedError, refuse, type Refusal } from "../../errors.ts";
import { type Api, okEnvelope } from "../surfaces.ts";

type Answer = object | Refusal | undefined;

/** A call whose request object has these members. Others are ignored: integrations send what newer servers know. */
export function call<S extends TSchema>(
  app: Api,
  path: string,
  permission: Permission | readonly Permission[],
  requestObject: S,
  handle: (input: Static<S>, client: ApiClient) => Promise<Answer>,
): void {
  const schema = { body: Type.Object({ requestObject }) };
  app.post(`/rest/v3${path}`, { config: { permission }, schema }, async (request) => {
    const body = request.body as { readonly requestObject: Static<S> };
    return okEnvelope(orRefuse(await handle(body.requestObject, request.apiClient)));
  });
}

/** A call that asks for nothing: any body, or none. */
export function bareCall(
  app: Api,
  path: string,
  permission: Permission | readonly Permission[],
  handle: (client: ApiClient) => Promise<Answer>,
): void {
  app.post(`/rest/v3${path}`, { config: { permission } }, async (request) =>
    okEnvelope(orRefuse(await handle(request.apiClient))),
  );
}

/** Throws `application-not-found` unless the client may use every one of them: the others do not exist for it. */
export function requireApplications(client: ApiClient, ...ids: readonly string[]): void {
  if (!ids.every((id) => mayUse(client, id))) throw new RefusedError(refuse("application-not-found"));
}
