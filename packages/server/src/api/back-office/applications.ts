/** `/rest/v3/application/*`: applications, their versions, roles and configuration. */
import { Type } from "typebox";
import { listConfiguration, removeConfiguration, setConfiguration } from "../../applications/configuration.ts";
import { createApplication } from "../../applications/create.ts";
import {
  type ApplicationDetail,
  type ApplicationVersionDetail,
  applicationDetail,
  applicationOfKey,
  listApplications,
} from "../../applications/detail.ts";
import { addRoles, listRoles, removeRoles, setRoles } from "../../applications/roles.ts";
import { createVersion, setVersionSupported } from "../../applications/versions.ts";
import type { Deps } from "../../deps.ts";
import { isRefusal } from "../../errors.ts";
import { name, plainObject, text } from "../members.ts";
import type { Api } from "../surfaces.ts";
import { bareCall, call, requireApplications } from "./call.ts";

const byId = Type.Object({ applicationId: name });
const versionName = Type.Object({ applicationId: name, applicationVersionId: name });
const rolesRequest = Type.Object({ applicationId: name, applicationRoles: Type.Array(name, { maxItems: 100 }) });

const configurationKey = Type.Object({ applicationId: name, key: name });
const configurationRequest = Type.Object({
  applicationId: name,
  key: name,
  values: Type.Array(Type.Unknown(), { maxItems: 100 }),
});

export function applicationRoutes(app: Api, deps: Deps): void {
  bareCall(app, "/application/list", "admin", async (client) => ({
    applications: (await listApplications(deps, client.applications)).map(({ applicationId, roles }) => ({
      applicationId,
      applicationRoles: roles,
    })),
  }));

  call(app, "/application/create", "admin", byId, async ({ applicationId }, client) => {
    requireApplications(client, applicationId);
    const created = await createApplication(deps, { applicationId, clientId: client.id });
    return isRefusal(created) ? created : { applicationId, applicationRoles: created.roles };
  });

  call(app, "/application/detail", "admin", byId, async ({ applicationId }, client) => {
    requireApplications(client, applicationId);
    const detail = await applicationDetail(deps, applicationId);
    return isRefusal(detail) ? detail : applicationObject(detail);
  });

  const byKey = Type.Object({ applicationKey: text(64) });
  call(app, "/application/detail/version", "integrate", byKey, async ({ applicationKey }, client) => {
    const found = await applicationOfKey(deps, applicationKey);
    if (isRefusal(found)) return found;
    requireApplications(client, found.applicationId);
    return { applicationId: found.applicationId };
  });

  versionRoutes(app, deps);
  roleRoutes(app, deps);
  configurationRoutes(app, deps);
}

function versionRoutes(app: Api, deps: Deps): void {
  call(app, "/application/version/create", "admin", versionName, async (input, client) => {
    requireApplications(client, input.applicationId);
    const { applicationId, applicationVersionId: versionId } = input;
    const version = await createVersion(deps, { applicationId, versionId, clientId: client.id });
    return isRefusal(version) ? version : versionObject(version);
  });

  for (const supported of [true, false]) {
    const path = `/application/version/${supported ? "support" : "unsupport"}`;
    call(app, path, "admin", versionName, async (input, client) => {
      requireApplications(client, input.applicationId);
      const { applicationId, applicationVersionId: versionId } = input;
      const version = await setVersionSupported(deps, { applicationId, versionId, supported, clientId: client.id });
      if (isRefusal(version)) return version;
      return { applicationVersionId: version.versionId, supported: version.supported };
    });
  }
}

function roleRoutes(app: Api, deps: Deps): void {
  call(app, "/application/roles/list", "admin", byId, async ({ applicationId }, client) => {
    requireApplications(client, applicationId);
    const roles = await listRoles(deps, applicationId);
    return isRefusal(roles) ? roles : { applicationRoles: roles };
  });

  for (const [action, change] of [
    ["create", addRoles],
    ["update", setRoles],
    ["remove", removeRoles],
  ] as const) {
    call(app, `/application/roles/${action}`, "admin", rolesRequest, async (input, client) => {
      requireApplications(client, input.applicationId);
      const { applicationId, applicationRoles } = input;
      const roles = await change(deps, { applicationId, roles: applicationRoles, clientId: client.id });
      return isRefusal(roles) ? roles : { applicationId, applicationRoles: roles };
    });
  }
}

/** Settings hold secrets, so all of it is for administrators. */
function configurationRoutes(app: Api, deps: Deps): void {
  const path = "/application/config";
  call(app, `${path}/detail`, "admin", byId, async ({ applicationId }, client) => {
    requireApplications(client, applicationId);
    const applicationConfigs = await listConfiguration(deps, applicationId);
    return isRefusal(applicationConfigs) ? applicationConfigs : { applicationId, applicationConfigs };
  });

  call(app, `${path}/create`, "admin", configurationRequest, async ({ applicationId, key, values }, client) => {
    requireApplications(client, applicationId);
    plainObject(values, "values");
    const set = await setConfiguration(deps, { applicationId, key, values, clientId: client.id });
    return isRefusal(set) ? set : { applicationId, ...set };
  });

  call(app, `${path}/remove`, "admin", configurationKey, async ({ applicationId, key }, client) => {
    requireApplications(client, applicationId);
    return removeConfiguration(deps, { applicationId, key, clientId: client.id });
  });
}

function applicationObject(detail: ApplicationDetail) {
  return {
    applicationId: detail.applicationId,
    masterPublicKey: detail.masterPublicKey,
    applicationRoles: detail.roles,
    versions: detail.versions.map(versionObject),
  };
}

function versionObject(version: ApplicationVersionDetail) {
  return {
    applicationVersionId: version.versionId,
    applicationKey: version.applicationKey,
    applicationSecret: version.applicationSecret,
    mobileSdkConfig: version.mobileSdkConfig,
    supported: version.supported,
  };
}
