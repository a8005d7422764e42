/**
 * PostgreSQL for tests, campaigns and benches: the server named by COUNTERSIGN_POSTGRES_URL, or else a temporary
 * cluster made from installed binaries, on a private socket, without TCP, without root rights, and with fsync on.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import pg from "pg";

export interface Postgres {
  /** Of the administrative database. A runner sets COUNTERSIGN_POSTGRES_URL to it, so that its tests share the cluster. */
  readonly url: string;
  /** A fresh, empty database, and the way to drop it with whoever is still connected. */
  createDatabase(): Promise<TestDatabase>;
  /** Stops a temporary cluster; "immediate" is a crash. Does nothing to a server this process did not start. */
  stop(mode?: "fast" | "immediate"): Promise<void>;
  /** Starts a stopped temporary cluster again, on the same data. */
  restart(): Promise<void>;
  /** Stops a temporary cluster and removes its data. */
  remove(): Promise<void>;
}

export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

const variable = "COUNTERSIGN_POSTGRES_URL";

/** Undefined when there is none. With REQUIRE_POSTGRES=1 that is an error. */
export async function startPostgres(settings: Readonly<Record<string, string>> = {}): Promise<Postgres | undefined> {
  const given = process.env[variable];
  if (given) {
    const nothing = async (): Promise<void> => {};
    return {
      url: given,
      createDatabase: () => createDatabase(given),
      stop: nothing,
      restart: nothing,
      remove: nothing,
    };
  }
  return startTemporaryPostgres(settings);
}

/** A cluster of its own, also where a server is named: for those who stop it hard. */
export async function startTemporaryPostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<Postgres | undefined> {
  const binaries = findBinaries();
  if (binaries !== undefined) return startCluster(binaries, settings);
  if (process.env["REQUIRE_POSTGRES"] === "1") throw new Error("PostgreSQL: not found, but REQUIRE_POSTGRES=1");
  return undefined;
}

/** The line a test run prints when PostgreSQL is missing. */
export function notFound(skipped: number): string {
  return `PostgreSQL: not found, ${skipped} skipped`;
}

function findBinaries(): string | undefined {
  const installed = "/usr/lib/postgresql";
  const versions = existsSync(installed) ? readdirSync(installed).sort((a, b) => Number(b) - Number(a)) : [];
  const candidates = [
    ...versions.map((version) => join(installed, version, "bin")),
    ...(process.env["PATH"] ?? "").split(delimiter),
  ];
  return candidates.find((directory) => existsSync(join(directory, "initdb")) && existsSync(join(directory, "pg_ctl")));
}

/** PostgreSQL refuses root: then it runs as its own user, or as nobody. */
function account(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const line = /^postgres:[^:]*:(\d+):(\d+):/m.exec(readFileSync("/etc/passwd", "utf8"));
  return line ? { uid: Number(line[1]), gid: Number(line[2]) } : { uid: 65534, gid: 65534 };
}

async function startCluster(binaries: string, settings: Readonly<Record<string, string>>): Promise<Postgres> {
  const owner = account();
  const root = mkdtempSync(join(tmpdir(), "countersign-pg-"));
  const sockets = join(root, "s");
  mkdirSync(sockets, { mode: 0o700 });
  if (owner) for (const directory of [root, sockets]) chownSync(directory, owner.uid, owner.gid);
  const data = join(root, "data");
  const log = join(root, "log");

  await run("initdb", ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
  const options = { listen_addresses: "", unix_socket_directories: sockets, max_connections: "200", ...settings };
  const flags = Object.entries(options)
    .map(([name, value]) => `-c ${name}='${value}'`)
    .join(" ");
  const start = () => run("pg_ctl", ["-D", data, "-l", log, "-o", flags, "-w", "-t", "60", "start"]);
  await start();

  let running = true;
  const guard = startGuard(join(binaries, "pg_ctl"), data, root, owner);

  const url = `postgresql:///postgres?host=${encodeURIComponent(sockets)}&user=postgres`;
  const stop = async (mode: "fast" | "immediate" = "fast"): Promise<void> => {
    if (!running) return;
    running = false;
    await run("pg_ctl", ["-D", data, "-m", mode, "-w", "stop"]);
  };
  return {
    url,
    createDatabase: () => createDatabase(url),
    stop,
    async restart() {
      await start();
      running = true;
    },
    async remove() {
      await stop("immediate");
      rmSync(root, { recursive: true, force: true });
      guard.release();
    },
  };

  function run(program: string, args: readonly string[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const child = spawn(join(binaries, program), args, { ...owner, cwd: root, stdio: ["ignore", "ignore", "pipe"] });
      let message = "";
      child.stderr.on("data", (text) => (message += text));
      child.once("error", reject);
      // Not "close": the server inherits the pipe and keeps it open.
      child.once("exit", (code) => {
        child.stderr.destroy();
        if (code === 0) resolve();
        else reject(new Error(`${program} failed (${code}): ${message}`));
      });
    });
  }
}

/**
 * A small process that stops the cluster and removes its data when this one ends, however it ends: it reads a pipe
 * that nobody writes to, and the death of the writer ends it.
 */
function startGuard(
  pgCtl: string,
  data: string,
  root: string,
  owner: { uid: number; gid: number } | undefined,
): { release(): void } {
  const script = 'cat > /dev/null; cd /; "$0" -D "$1" -m immediate stop; rm -rf "$2"';
  const child = spawn("sh", ["-c", script, pgCtl, data, root], {
    ...owner,
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  return { release: () => void child.stdin.end() };
}

async function createDatabase(admin: string): Promise<TestDatabase> {
  const name = `countersign_${randomBytes(8).toString("hex")}`;
  await execute(admin, `create database ${name} template template0`);
  return {
    url: named(admin, name),
    drop: () => execute(admin, `drop database if exists ${name} with (force)`),
  };
}

/** The same server, another database. */
function named(url: string, database: string): string {
  return url.replace(/^([a-z]+:\/\/[^/]*)\/[^?]*/, (_, server: string) => `${server}/${database}`);
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
