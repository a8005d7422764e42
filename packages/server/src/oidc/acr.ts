/**
 * Authentication context classes: what a relying party may ask for in `acr_values`, and what an approval was worth. A
 * class names the combinations of factors that reach it.
 */
const knowledge = ["POSSESSION_KNOWLEDGE", "POSSESSION_KNOWLEDGE_BIOMETRY"];
const biometry = ["POSSESSION_BIOMETRY", "POSSESSION_KNOWLEDGE_BIOMETRY"];
const twoFactors = [...new Set([...knowledge, ...biometry])];

/** Strongest last: what was reached is the last one that holds. */
const classes: Readonly<Record<string, readonly string[]>> = {
  "urn:countersign:acr:possession": ["POSSESSION", ...twoFactors],
  "urn:countersign:acr:two-factor": twoFactors,
  "urn:countersign:acr:knowledge": knowledge,
  "urn:countersign:acr:biometry": biometry,
};

export const acrValues: readonly string[] = Object.keys(classes);

/**
 * Combinations of `allowed` that reach one of the classes asked for. Everything allowed when none of them is known:
 * `acr_values` are wishes (OpenID Connect Core §3.1.2.1). Undefined when the known ones cannot be reached.
 */
export function combinationsFor(wanted: readonly string[], allowed: readonly string[]): readonly string[] | undefined {
  const known = wanted.flatMap((name) => (Object.hasOwn(classes, name) ? [classes[name] ?? []] : []));
  if (known.length === 0) return allowed;
  const good = allowed.filter((combination) => known.some((reaching) => reaching.includes(combination)));
  return good.length === 0 ? undefined : good;
}

/** The first class asked for that the factors reach, else the strongest of ours. Undefined where nobody verified any. */
export function reachedAcr(wanted: readonly string[], factors: readonly string[]): string | undefined {
  const reached = acrValues.filter((name) => classes[name]?.includes(combinationOf(factors)));
  return wanted.find((name) => reached.includes(name)) ?? reached.at(-1);
}

const methods: Readonly<Record<string, readonly string[]>> = {
  possession: ["pop"],
  knowledge: ["pin"],
  // There is no general value for biometry in RFC 8176; `user` says that a person was there.
  biometry: ["user"],
};

/** RFC 8176. */
export function amrOf(factors: readonly string[]): string[] {
  const named = factors.flatMap((factor) => methods[factor] ?? []);
  return factors.length > 1 ? [...named, "mfa"] : named;
}

function combinationOf(factors: readonly string[]): string {
  return ["possession", "knowledge", "biometry"]
    .filter((factor) => factors.includes(factor))
    .join("_")
    .toUpperCase();
}
