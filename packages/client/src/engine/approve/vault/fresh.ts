/** Keys between making and keeping: under the device secret alone, because their policy is not known yet. */
import { fromUtf8, toBase64Url, utf8, type Bytes } from "@countersign/protocol/bytes";
import { importAgreement, openAtRest, publicJwk, sealAtRest } from "@countersign/protocol/approve/at-rest";
import { openerOf } from "@countersign/protocol/approve/jwe";
import type { OtpSecret } from "@countersign/protocol/approve/enrol";
import type { KeyUse } from "@countersign/protocol/approve/keys";
import type { FreshKey } from "../key-vault.ts";
import type { VaultDeps } from "./deps.ts";
import { deviceKey } from "./derive.ts";
import { loadRecord, locked, lost, requireRecord, storeRecord, type FreshEntry, type VaultRecord } from "./record.ts";

export async function generate(deps: VaultDeps, uses: readonly KeyUse[]): Promise<readonly FreshKey[]> {
  const { crypto, random } = deps;
  return locked(deps, async () => {
    const record = (await loadRecord(deps)) ?? emptyRecord(deps);
    const wrapping = deviceKey(deps, record);
    const made: FreshKey[] = [];
    const fresh: Record<string, FreshEntry> = { ...record.fresh };
    for (const use of uses) {
      const scalar = crypto.exportPrivateKey(crypto.generateKeyPair(random).privateKey);
      const handle = toBase64Url(random(16));
      fresh[handle] = { use, sealed: await sealAtRest(wrapping, `fresh ${handle}`, scalar) };
      made.push(await freshKey(deps, handle, use, scalar));
    }
    wrapping.fill(0);
    await storeRecord(deps, { ...record, fresh });
    return made;
  });
}

export async function reload(deps: VaultDeps, handles: readonly string[]): Promise<readonly FreshKey[]> {
  const record = await loadRecord(deps);
  const found: FreshKey[] = [];
  for (const handle of handles) {
    const entry = record?.fresh[handle];
    if (record === undefined || entry === undefined) continue;
    found.push(await freshKey(deps, handle, entry.use, await openFresh(deps, record, handle)));
  }
  return found;
}

export async function entrust(deps: VaultDeps, secrets: readonly OtpSecret[]): Promise<void> {
  if (secrets.length === 0) return;
  await locked(deps, async () => {
    const record = await requireRecord(deps);
    const wrapping = deviceKey(deps, record);
    const bytes = utf8(JSON.stringify(secrets));
    const entrusted = await sealAtRest(wrapping, "entrusted", bytes);
    for (const one of [wrapping, bytes]) one.fill(0);
    await storeRecord(deps, { ...record, entrusted });
  });
}

export async function entrustedTo(deps: VaultDeps): Promise<readonly OtpSecret[]> {
  const record = await requireRecord(deps);
  if (record.entrusted === undefined) return [];
  const wrapping = deviceKey(deps, record);
  const bytes = await openAtRest(wrapping, "entrusted", record.entrusted);
  wrapping.fill(0);
  if (bytes === undefined) throw lost();
  const secrets = JSON.parse(fromUtf8(bytes) ?? "") as readonly OtpSecret[];
  bytes.fill(0);
  return secrets;
}

/** The private scalar; the caller wipes it. */
export async function openFresh(deps: VaultDeps, record: VaultRecord, handle: string): Promise<Bytes> {
  const wrapping = deviceKey(deps, record);
  const scalar = await openAtRest(wrapping, `fresh ${handle}`, record.fresh[handle]?.sealed ?? "");
  wrapping.fill(0);
  if (scalar === undefined) throw lost();
  return scalar;
}

/** Wipes the scalar. */
async function freshKey({ crypto }: VaultDeps, handle: string, use: KeyUse, scalar: Bytes): Promise<FreshKey> {
  const jwk = publicJwk(crypto, scalar);
  const key = crypto.importPrivateKey(scalar);
  if (jwk === undefined || key === undefined) throw lost();
  const agreement = use === "enc" ? await importAgreement(jwk, scalar) : undefined;
  scalar.fill(0);
  return {
    handle,
    use,
    jwk,
    sign: async (data) => crypto.sign(key, data, "jose"),
    open: async (jwe) => agreement && openerOf(handle, agreement).open(jwe),
  };
}

function emptyRecord({ random }: VaultDeps): VaultRecord {
  return {
    version: 1,
    deviceSecret: toBase64Url(random(32)),
    fresh: {},
    entries: [],
    policies: {},
    leftovers: [],
  };
}
