/**
 * The anchor for PostgreSQL: the writes of an approval as one prepared statement, issued by pgbench with 64 clients and
 * a commit for each. The database is a used one, so samples of real rows give the sizes.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";

const clients = 64;

const script = `\\set i random(1, :operations)
with picked as (select * from bench_pair where i = :i),
moved as (update activation set counter = counter + 1, failed_attempts = 0, last_used_at = :i
  from picked where tenant = 'default' and id = picked.activation_id and status = 'ACTIVE' returning id),
decided as (update operation set status = 'APPROVED', finalized_at = :i
  from picked where tenant = 'default' and id = picked.operation_id returning id),
tried as (insert into operation_attempt
  select 'default', gen_random_uuid()::text, operation_id, activation_id, 'approve', 'decided', :i from picked),
proved as (insert into decision select 'default', gen_random_uuid()::text, claims, :i from bench_sample)
insert into audit_event select 'default', 'raw ' || :run, nextval('bench_seq'), gen_random_uuid()::text, 'operation.approved',
  gen_random_uuid()::text, :i, salt, payload, digest, hash, hash from bench_sample;
`;

/** Approvals per second, or the reason why there is no figure. */
export async function rawPostgres(url: string, seconds: number): Promise<number | string> {
  const pgbench = findPgbench();
  if (pgbench === undefined) return "pgbench is not installed";
  const operations = await prepare(url);
  const directory = mkdtempSync(join(tmpdir(), "countersign-pgbench-"));
  const file = join(directory, "approve.sql");
  writeFileSync(file, script);
  try {
    const { stdout } = await promisify(execFile)(pgbench, [
      "-n",
      "-M",
      "prepared",
      "-c",
      String(clients),
      "-j",
      "1",
      "-T",
      String(seconds),
      "-D",
      `operations=${operations}`,
      "-D",
      `run=${process.hrtime.bigint()}`,
      "-f",
      file,
      url,
    ]);
    const perSecond = /tps = ([\d.]+)/.exec(stdout)?.[1];
    return perSecond === undefined ? "pgbench printed no figure" : Number(perSecond);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function prepare(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`drop table if exists bench_pair, bench_sample; drop sequence if exists bench_seq;
      create sequence bench_seq cache 100;
      create table bench_sample as select d.claims, e.payload, e.salt, e.payload_digest as digest, e.hash
        from decision d join audit_event e on e.subject = d.operation_id limit 1;
      create table bench_pair as select (row_number() over ())::int as i, o.id as operation_id, a.id as activation_id
        from operation o join activation a on a.user_id = o.user_id;
      create unique index on bench_pair (i); analyze;`);
    const { rows } = await client.query<{ count: string }>("select count(*) from bench_pair");
    return Number(rows[0]?.count ?? 0);
  } finally {
    await client.end();
  }
}

function findPgbench(): string | undefined {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root) : [];
  const places = [...(process.env.PATH ?? "").split(":"), ...versions.map((version) => `${root}/${version}/bin`)];
  return places.map((place) => join(place, "pgbench")).find((file) => existsSync(file));
}
