/** CPU time of processes as the kernel counts it: user and system, of a process and, for PostgreSQL, of its children. */
import { readdirSync, readFileSync } from "node:fs";

const ticksPerSecond = 100;

/** Microseconds of CPU that the process has used so far, its ended and waited-for children included. */
export function cpuMicroseconds(pid: number): number {
  const fields = statFields(pid);
  if (fields === undefined) return 0;
  const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
  return (ticks * 1_000_000) / ticksPerSecond;
}

/** The same for a process and everything below it: a postmaster and its backends. */
export function treeMicroseconds(pid: number): number {
  const children = childrenOf(pid);
  return cpuMicroseconds(pid) + children.reduce((sum, child) => sum + treeMicroseconds(child), 0);
}

function childrenOf(pid: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => statFields(Number(name))?.[1] === String(pid))
    .map(Number);
}

/** The fields after the command name: state, parent, … */
function statFields(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

/** The postmaster of a backend, where both run on this machine. */
export function parentOf(pid: number): number | undefined {
  const parent = statFields(pid)?.[1];
  return parent === undefined ? undefined : Number(parent);
}
