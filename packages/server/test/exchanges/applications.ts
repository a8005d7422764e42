/** `/rest/v3`: status, errors, applications, versions, roles, integrations. */
import { base64, bool, date, error, type Exchange, list, orNull, text, uuid } from "./exchange.ts";

const version = {
  applicationVersionId: text,
  applicationKey: base64(16),
  applicationSecret: base64(16),
  mobileSdkConfig: base64(),
  supported: bool,
};
const application = "shop";
const named = () => ({ applicationId: application });
const roles =
  (...applicationRoles: readonly string[]) =>
  () => ({ applicationId: application, applicationRoles });
const one = (applicationVersionId: string) => () => ({ applicationId: application, applicationVersionId });

export const applicationExchanges: readonly Exchange[] = [
  {
    path: "/status",
    request: () => ({}),
    answer: {
      status: "OK",
      applicationName: text,
      applicationDisplayName: text,
      applicationEnvironment: "",
      version: text,
      buildTime: orNull(date),
      timestamp: date,
    },
  },
  { path: "/error/list", request: () => ({ language: "en" }), answer: { errors: [{ code: text, value: text }] } },
  { path: "/error/list", request: () => ({ language: "cs" }), answer: { errors: [{ code: text, value: text }] } },

  { path: "/application/create", request: named, answer: { applicationId: application, applicationRoles: list() } },
  { path: "/application/create", request: named, answer: error("ERR0043") },
  { path: "/application/create", request: () => ({}), answer: error("ERR0024") },
  {
    path: "/application/list",
    request: () => ({}),
    answer: { applications: [{ applicationId: text, applicationRoles: list() }] },
  },
  { path: "/application/version/create", request: one("2.0"), answer: version },
  { path: "/application/version/create", request: one("2.0"), answer: error("ERR0043") },
  {
    path: "/application/version/create",
    request: () => ({ applicationId: "none", applicationVersionId: "1" }),
    answer: error("ERR0015"),
  },
  {
    path: "/application/version/unsupport",
    request: one("2.0"),
    answer: { applicationVersionId: "2.0", supported: false },
  },
  {
    path: "/application/version/support",
    request: one("2.0"),
    answer: { applicationVersionId: "2.0", supported: true },
  },
  { path: "/application/version/support", request: one("3.0"), answer: error("ERR0015") },
  {
    path: "/application/detail",
    request: named,
    answer: {
      applicationId: application,
      masterPublicKey: base64(65),
      applicationRoles: list(),
      versions: [version],
    },
    keep: ({ versions }, { kept }) => void (kept.applicationKey = versions[0].applicationKey),
  },
  { path: "/application/detail", request: () => ({ applicationId: "none" }), answer: error("ERR0015") },
  {
    path: "/application/detail/version",
    request: ({ kept }) => ({ applicationKey: kept.applicationKey }),
    answer: { applicationId: application },
  },
  { path: "/application/detail/version", request: () => ({ applicationKey: "none" }), answer: error("ERR0015") },

  {
    path: "/application/roles/create",
    request: roles("A", "B"),
    answer: { applicationId: application, applicationRoles: list("A", "B") },
  },
  {
    path: "/application/roles/remove",
    request: roles("A"),
    answer: { applicationId: application, applicationRoles: list("B") },
  },
  {
    path: "/application/roles/update",
    request: roles("C", "D"),
    answer: { applicationId: application, applicationRoles: list("C", "D") },
  },
  { path: "/application/roles/list", request: named, answer: { applicationRoles: list("C", "D") } },
  { path: "/application/roles/list", request: () => ({ applicationId: "none" }), answer: error("ERR0015") },

  {
    path: "/integration/create",
    request: () => ({ name: "front" }),
    answer: { id: uuid, name: "front", clientToken: uuid, clientSecret: text },
    keep: ({ id }, { kept }) => void (kept.integration = id),
  },
  { path: "/integration/create", request: () => ({ name: "" }), answer: error("ERR0024") },
  {
    path: "/integration/list",
    request: () => ({}),
    answer: {
      restrictedAccess: true,
      items: [{ id: uuid, name: text, clientToken: uuid, permissions: [text], applications: null }],
    },
  },
  {
    path: "/integration/remove",
    request: ({ kept }) => ({ id: kept.integration }),
    answer: ({ kept }) => ({ id: kept.integration, removed: true }),
  },
  {
    path: "/integration/remove",
    request: ({ kept }) => ({ id: kept.integration }),
    answer: ({ kept }) => ({ id: kept.integration, removed: false }),
  },
];
