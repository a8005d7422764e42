/** What waits for a container: references, oldest first (APV-DEV-1). */
import type { Deps } from "../../deps.ts";
import { listForDevice } from "../../operations/list.ts";
import type { Container } from "../container.ts";
import { referenceFor } from "./reference.ts";

/** At most 100. */
export async function pendingReferences(
  deps: Pick<Deps, "store" | "signingKeys" | "publicUrl">,
  container: Container,
): Promise<readonly string[]> {
  const operations = await listForDevice(deps, container.activation, "pending");
  const now = await deps.store.now();
  return Promise.all([...operations].reverse().map((operation) => referenceFor(deps, operation, container, now)));
}
