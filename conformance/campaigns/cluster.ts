/**
 * A PostgreSQL of its own for campaigns that stop it hard: made from the installed programs, on a private socket, with a
 * postmaster that can be stopped as if the power went (`-m immediate`) and started again on the same data.
 */
import { execFileSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Child, lineOf, runChild, startChild } from "./children.ts";

export interface Cluster {
  /** Of the database `postgres`. */
  readonly url: string;
  /** `pg_ctl stop -m immediate`: no checkpoint, nothing flushed. */
  stopImmediately(): Promise<void>;
  start(): Promise<void>;
  /** Stops it and removes its data. */
  close(): Promise<void>;
}

/** Undefined when the programs are not installed. `settings` go on the postmaster's command line. */
export async function startCluster(settings: Readonly<Record<string, string>> = {}): Promise<Cluster | undefined> {
  const programs = programsFolder();
  if (programs === undefined) return undefined;
  const directory = mkdtempSync(join(tmpdir(), "countersign-cluster-"));
  const data = join(directory, "data");
  const owner = unprivileged();
  if (owner !== undefined) chownSync(directory, owner.uid, owner.gid);
  const as = { ...owner, cwd: directory };
  const initdb = ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"];
  await runChild(join(programs, "initdb"), initdb, as);
  const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  let postmaster: Child | undefined;

  const start = async (): Promise<void> => {
    const args = ["-D", data, "-k", directory, "-c", "listen_addresses=", "-c", "logging_collector=off", ...options];
    postmaster = startChild(join(programs, "postgres"), args, as);
    await lineOf(postmaster, (line) => line.includes("ready to accept connections"), "stderr");
  };
  const stop = async (mode: string): Promise<void> => {
    await runChild(join(programs, "pg_ctl"), ["stop", "-D", data, "-m", mode, "-s"], as);
    await postmaster?.ended;
  };
  const close = async (): Promise<void> => {
    if (postmaster?.process.exitCode === null) await postmaster.end("SIGQUIT");
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await start();
  } catch (error) {
    await close();
    throw error;
  }
  const url = `postgres://postgres@localhost/postgres?host=${directory}`;
  return { url, start, stopImmediately: () => stop("immediate"), close };
}

/** Debian keeps the server's programs out of PATH, one folder for each version. */
function programsFolder(): string | undefined {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).toSorted((a, b) => Number(b) - Number(a)) : [];
  const folders = [...versions.map((version) => join(debian, version, "bin")), fromConfig()];
  return folders.find((folder) => folder !== undefined && existsSync(join(folder, "initdb")));
}

function fromConfig(): string | undefined {
  try {
    return execFileSync("pg_config", ["--bindir"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return undefined;
  }
}

/** PostgreSQL refuses to run as root: then it runs as the user its package made, or as nobody. */
function unprivileged(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync("/etc/passwd", "utf8").split("\n");
  const fields = ["postgres", "nobody"].flatMap((name) => users.filter((line) => line.startsWith(`${name}:`)))[0];
  const [, , uid, gid] = (fields ?? "").split(":").map(Number);
  if (uid === undefined || gid === undefined) throw new Error("No user to run PostgreSQL as");
  return { uid, gid };
}
