/** Whether metadata fit together: the provider's rules, and ours. */
import type { ClientMetadata } from "./client.ts";

export interface ClientCheck {
  /** In words for whoever registers the client; undefined where there is none. */
  defectOf(metadata: ClientMetadata): Promise<string | undefined>;
}
