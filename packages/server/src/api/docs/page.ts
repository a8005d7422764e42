/**
 * `/docs`: the documents, and a page to browse them. The page itself holds nothing and needs no credentials; the
 * documents do, as everything on the private listener. Credentials that are entered stay in the page's memory.
 */
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { Deps } from "../../deps.ts";
import { permissions } from "../../accounts/api-client.ts";
import { requireApiClient } from "../credentials.ts";
import type { Api } from "../surfaces.ts";

export interface Documents {
  readonly v1: () => object;
  readonly restV3: () => object;
}

const names = { v1: "openapi-v1.json", restV3: "openapi-rest-v3.json" } as const;

/** Everything from here, no frames, no inline scripts; the page styles its own elements. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export async function documentationRoutes(app: Api, deps: Deps, documents: Documents): Promise<void> {
  await app.register(async (scope: Api) => {
    requireApiClient(scope, deps);
    for (const key of ["v1", "restV3"] as const) {
      const config = { permission: permissions };
      scope.get(`/docs/${names[key]}`, { config, schema: { hide: true } }, async () => documents[key]());
    }
  });
  await app.register(async (scope: Api) => {
    // The page's plugin insists on a document of this scope: an empty one.
    await scope.register(swagger, {});
    scope.addHook("onSend", async (_request, reply) => {
      void reply.headers({
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
      });
    });
    await scope.register(swaggerUi, {
      routePrefix: "/docs",
      logLevel: "silent",
      uiConfig: {
        urls: [
          { url: `/docs/${names.v1}`, name: "Our own API: /v1" },
          { url: `/docs/${names.restV3}`, name: "Back office in PowerAuth form: /rest/v3" },
        ],
        requestInterceptor: authorized as never,
        responseInterceptor: checked as never,
        validatorUrl: null,
        queryConfigEnabled: false,
      } as object,
      theme: {
        title: "Countersign: API",
        js: [{ filename: "credentials.js", content: credentialsScript }],
        css: [{ filename: "credentials.css", content: credentialsStyle }],
      },
    });
  });
}

/** Both run in the page: what they name is made by `credentials.js`. */
declare const countersign: { authorization(): Promise<string>; forget(): void };

function authorized(request: { url: string; headers: Record<string, string> }) {
  return countersign.authorization().then((value) => {
    request.headers.authorization = value;
    return request;
  });
}

function checked(response: { status: number }) {
  if (response.status === 401) countersign.forget();
  return response;
}

const credentialsScript = `
/* Asks once for the credentials of an API client and keeps them until the page is left. */
const countersign = (() => {
  let given;
  const ask = () =>
    new Promise((resolve) => {
      const form = document.createElement("form");
      form.className = "countersign-credentials";
      form.innerHTML =
        '<label>API client <input name="id" autocomplete="username" required></label>' +
        '<label>Secret <input name="secret" type="password" autocomplete="current-password" required></label>' +
        "<button>Show the documents</button>";
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        const { id, secret } = form.elements;
        form.remove();
        resolve("Basic " + btoa(id.value + ":" + secret.value));
      });
      document.body.prepend(form);
      form.elements.id.focus();
    });
  return {
    authorization: () => (given ??= ask()),
    forget() {
      given = undefined;
    },
  };
})();
window.countersign = countersign;
`;

const credentialsStyle = `
.countersign-credentials { display: flex; flex-wrap: wrap; gap: 1rem; align-items: end; padding: 1rem; font-family: sans-serif; }
.countersign-credentials label { display: grid; gap: 0.25rem; }
`;
