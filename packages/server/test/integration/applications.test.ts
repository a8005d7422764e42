/** Applications and their versions, and what of them an app build carries. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBase64, toBase64 } from "@countersign/protocol/bytes";
import { decodeClientConfiguration } from "@countersign/protocol/powerauth/client-configuration";
import { createApplication } from "../../src/applications/create.ts";
import { applicationDetail, applicationOfKey, listApplications } from "../../src/applications/detail.ts";
import { addRoles, listRoles, removeRoles, setRoles } from "../../src/applications/roles.ts";
import { createVersion, setVersionSupported } from "../../src/applications/versions.ts";
import { unwrap } from "../device.ts";
import { done, id, refusalOf, suiteOfPowerAuth } from "../powerauth-server.ts";

suiteOfPowerAuth("Applications", (bench) => {
  test("A new application has a master key, a first version, and a configuration with exactly one key", async () => {
    const applicationId = `app-${id()}`;
    const application = done(await createApplication(bench.deps, { applicationId, roles: ["A", "A", "B"] }));
    assert.deepEqual([application.minVersion, application.roles], ["3.1", ["A", "B"]]);
    const [version] = application.versions;
    assert.ok(version !== undefined && version.versionId === "default" && version.supported);
    const configuration = unwrap(decodeClientConfiguration(version.mobileSdkConfig));
    assert.equal(version.mobileSdkConfig.length, 140);
    assert.equal(toBase64(configuration.applicationKey), version.applicationKey);
    assert.equal(toBase64(configuration.applicationSecret), version.applicationSecret);
    assert.equal(toBase64(configuration.masterPublicKey), application.masterPublicKey);
    assert.equal(fromBase64(application.masterPublicKey)?.length, 65);
    assert.deepEqual(await applicationOfKey(bench.deps, version.applicationKey), {
      applicationId,
      versionId: "default",
    });
    assert.equal(refusalOf(await applicationOfKey(bench.deps, toBase64(new Uint8Array(16)))), "application-not-found");
    const rows = await bench.deps.store.read.selectFrom("application_version").selectAll().execute();
    assert.ok(!JSON.stringify(rows).includes(version.applicationSecret), "the secret is stored sealed");
  });

  test("A name is taken once, also by eight at the same time", async () => {
    const applicationId = `app-${id()}`;
    const eight = Array.from({ length: 8 }, () => createApplication(bench.deps, { applicationId }));
    const outcomes = (await Promise.all(eight)).map(refusalOf);
    assert.equal(outcomes.filter((outcome) => outcome === "done").length, 1);
    assert.equal(outcomes.filter((outcome) => outcome === "application-exists").length, 7);
    assert.equal(done(await applicationDetail(bench.deps, applicationId)).versions.length, 1);
    for (const name of ["", "x".repeat(256), "a\nb", "\u0000", "\udc00"]) {
      assert.equal(refusalOf(await createApplication(bench.deps, { applicationId: name })), "invalid-request");
    }
    assert.ok((await listApplications(bench.deps)).some((one) => one.applicationId === applicationId));
    assert.deepEqual(await listApplications(bench.deps, new Set()), []);
  });

  test("Versions have keys of their own and are switched off and on; each change is recorded once", async () => {
    const applicationId = `app-${id()}`;
    const first = done(await createApplication(bench.deps, { applicationId })).versions[0]!;
    const second = done(await createVersion(bench.deps, { applicationId, versionId: "2" }));
    assert.notEqual(second.applicationKey, first.applicationKey);
    assert.equal(refusalOf(await createVersion(bench.deps, { applicationId, versionId: "2" })), "application-exists");
    assert.equal(
      refusalOf(await createVersion(bench.deps, { applicationId: "none", versionId: "2" })),
      "application-not-found",
    );
    const off = { applicationId, versionId: "2", supported: false };
    assert.equal(done(await setVersionSupported(bench.deps, off)).supported, false);
    assert.equal(done(await setVersionSupported(bench.deps, off)).supported, false);
    assert.equal(done(await setVersionSupported(bench.deps, { ...off, supported: true })).supported, true);
    assert.equal(refusalOf(await setVersionSupported(bench.deps, { ...off, versionId: "3" })), "application-not-found");
    const events = await bench.deps.store.read
      .selectFrom("audit_event")
      .select("type")
      .where("subject", "=", applicationId)
      .orderBy("seq")
      .execute();
    assert.deepEqual(
      events.map((event) => event.type.replace("application.", "")),
      ["created", "version.created", "version.created", "version.unsupported", "version.supported"],
    );
  });

  test("Roles are a set; who changes them at once with another loses nothing", async () => {
    const { deps } = bench;
    const applicationId = `app-${id()}`;
    done(await createApplication(deps, { applicationId }));
    assert.deepEqual(await addRoles(deps, { applicationId, roles: ["A", "B", "A"] }), ["A", "B"]);
    assert.deepEqual(await removeRoles(deps, { applicationId, roles: ["A"] }), ["B"]);
    await Promise.all(["C", "D"].map((role) => addRoles(deps, { applicationId, roles: [role] })));
    assert.deepEqual([...done(await listRoles(deps, applicationId))].sort(), ["B", "C", "D"]);
    assert.deepEqual(await setRoles(deps, { applicationId, roles: [] }), []);
    assert.equal(refusalOf(await listRoles(deps, "none")), "application-not-found");
    assert.equal(refusalOf(await addRoles(deps, { applicationId, roles: ["\u0000"] })), "invalid-request");
  });
});
