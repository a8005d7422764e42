/** One policy of a container: ages, verification and change of its password, biometry. */
import type { Bytes } from "@countersign/protocol/bytes";
import { passwordRules } from "@countersign/protocol/approve/policy";
import { VaultError, type ProtectedPolicy } from "../key-vault.ts";
import { biometryState, enableBiometry, requireCapable } from "./biometry.ts";
import type { KeyCache } from "./cache.ts";
import type { VaultDeps } from "./deps.ts";
import { biometryName, isRemembered, makeGuard, tryPassword, type Opened } from "./guard.ts";
import { isSilent } from "./hold.ts";
import { invalid, moved } from "./keep.ts";
import { brokenRule } from "./password-rules.ts";
import {
  locked,
  requirePolicy,
  requireRecord,
  storeRecord,
  withGuard,
  type Guarded,
  type PolicyState,
} from "./record.ts";
import { ageOf, requireChangeable, requireInForce } from "./unlock.ts";

export async function protectedPolicy(deps: VaultDeps, cache: KeyCache, id: string): Promise<ProtectedPolicy> {
  const now = async () => requirePolicy(await requireRecord(deps), id);
  return {
    id,
    record: (await now()).record,
    currentAge: async () => {
      const { guard } = await now();
      return guard === undefined ? undefined : ageOf(deps, guard);
    },
    verify: (password) =>
      wiping([password], async () => {
        const state = requireGuarded(await now());
        if (isSilent(state.record)) throw new VaultError("unsupported", "Under a silent lock only the server can tell");
        requireInForce(deps, state);
        await withPassword(deps, id, password, async () => undefined);
      }),
    change: (oldPassword, newPassword) =>
      wiping([oldPassword, newPassword], async () => {
        const state = requireGuarded(await now());
        requireChangeable(deps, state);
        const rule = brokenRule(state.record.password ?? passwordRules, newPassword);
        if (rule !== undefined) throw invalid(rule);
        await withPassword(deps, id, oldPassword, (opened) => changePassword(deps, id, opened, newPassword));
        cache.forget(id);
      }),
    biometry: async () => biometryState(deps, id, await now()),
    enableBiometry: (password) =>
      wiping([password], async () => {
        const state = requireGuarded(await now());
        requireCapable(deps, state);
        requireInForce(deps, state);
        await withPassword(deps, id, password, (opened) => enableBiometry(deps, id, opened));
      }),
    disableBiometry: async () => {
      const provider = requireCapable(deps, await now());
      await locked(deps, async () => {
        const record = await requireRecord(deps);
        const { guard } = requirePolicy(record, id);
        if (guard?.biometry === undefined) return;
        const { biometry: _, ...rest } = guard;
        await storeRecord(deps, withGuard(record, id, rest));
        await provider.remove(biometryName(deps, id));
      });
    },
  };
}

/** One durable step. Under a silent lock a wrong old password gives wrong keys, and nothing here can tell. */
async function changePassword(deps: VaultDeps, policyId: string, opened: Opened, password: Bytes): Promise<void> {
  const { record, state, key } = opened;
  const { record: policy, guard } = state;
  if (await isRemembered(deps, record, state, password)) throw invalid("maxHistory");
  const made = await makeGuard(deps, record, policyId, policy, password, { key, guard });
  const changed = withGuard(record, policyId, made.guard);
  try {
    const entries = isSilent(policy)
      ? await moved(deps, record.entries, policyId, key, policy, made.key)
      : record.entries;
    await storeRecord(deps, { ...changed, entries });
  } finally {
    made.key.fill(0);
  }
}

async function withPassword(
  deps: VaultDeps,
  policyId: string,
  password: Bytes,
  run: (opened: Opened) => Promise<void>,
): Promise<void> {
  await locked(deps, async () => {
    const opened = await tryPassword(deps, await requireRecord(deps), policyId, password);
    try {
      await run(opened);
    } finally {
      opened.key.fill(0);
    }
  });
}

function requireGuarded(state: PolicyState): Guarded {
  const { guard } = state;
  if (guard === undefined) throw new VaultError("unsupported", "This policy has no password");
  return { ...state, guard };
}

async function wiping(passwords: readonly Bytes[], run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } finally {
    for (const password of passwords) password.fill(0);
  }
}
