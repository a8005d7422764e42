/**
 * A client of our own that does what existing ones do, and touches of the PowerAuth object only what they touch:
 * `configuration.baseEndpointUrl`, `requestSignature`, `offlineSignature`, and two members of the token store.
 */
import { PowerAuthAuthentication } from "@countersign/client/mobile-token";

interface HttpHeader {
  readonly key: string;
  readonly value: string;
}

export interface KnownMembers {
  readonly configuration: { readonly baseEndpointUrl: string } | undefined;
  requestSignature(auth: PowerAuthAuthentication, method: string, uriId: string, body: string): Promise<HttpHeader>;
  offlineSignature(auth: PowerAuthAuthentication, uriId: string, nonce: string, body: string): Promise<string>;
  readonly tokenStore: {
    requestAccessToken(name: string, auth: PowerAuthAuthentication): Promise<{ readonly tokenName: string }>;
    generateHeaderForToken(name: string): Promise<HttpHeader>;
  };
}

export interface Answer<T> {
  readonly status: "OK" | "ERROR";
  readonly responseObject?: T;
  readonly responseError?: { readonly code: string };
}

export interface Waiting {
  readonly id: string;
  readonly data: string;
}

export interface ExistingOperations {
  pendingList(): Promise<Answer<Waiting[]>>;
  detail(id: string): Promise<Answer<Waiting>>;
  history(auth: PowerAuthAuthentication): Promise<Answer<Waiting[]>>;
  authorize(operation: Waiting, auth: PowerAuthAuthentication): Promise<Answer<void>>;
  reject(id: string, reason: string): Promise<Answer<void>>;
}

export function knownMembersClient(powerAuth: KnownMembers): ExistingOperations {
  const base = `${powerAuth.configuration?.baseEndpointUrl}/api/auth/token/app/operation`;
  const possession = () => PowerAuthAuthentication.possession();
  const post = async <T>(path: string, body: string, header: HttpHeader): Promise<Answer<T>> => {
    const headers = { "content-type": "application/json", [header.key]: header.value };
    const response = await fetch(base + path, { method: "POST", headers, body });
    const { status, responseObject } = (await response.json()) as { status: "OK" | "ERROR"; responseObject: T };
    return status === "OK" ? { status, responseObject } : { status, responseError: responseObject as { code: string } };
  };
  const byToken = async <T>(path: string, request: object): Promise<Answer<T>> => {
    const { tokenName } = await powerAuth.tokenStore.requestAccessToken("possession_universal", possession());
    return post(path, JSON.stringify(request), await powerAuth.tokenStore.generateHeaderForToken(tokenName));
  };
  const signed = async <T>(path: string, uriId: string, auth: PowerAuthAuthentication, request: object) => {
    const body = JSON.stringify(request);
    return post<T>(path, body, await powerAuth.requestSignature(auth, "POST", uriId, body));
  };
  return {
    pendingList: () => byToken("/list", {}),
    detail: (id) => byToken("/detail", { requestObject: { id } }),
    history: (auth) => signed("/history", "/operation/history", auth, {}),
    authorize: ({ id, data }, auth) =>
      signed("/authorize", "/operation/authorize", auth, { requestObject: { id, data } }),
    reject: (id, reason) => signed("/cancel", "/operation/cancel", possession(), { requestObject: { id, reason } }),
  };
}
