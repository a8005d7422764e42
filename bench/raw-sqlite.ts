/**
 * The anchor for the embedded store: the writes of an approval, issued bare in groups of 64 with synchronous=FULL.
 * Arguments: database file, operations to decide. Prints `{"perSecond": …}`.
 */
import { DatabaseSync } from "node:sqlite";

const [file = "", wanted = "6400"] = process.argv.slice(2);
const groupSize = 64;
const db = new DatabaseSync(file);
db.exec(
  "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; pragma wal_autocheckpoint = 0",
);

interface Sample {
  readonly claims: string;
  readonly payload: string;
  readonly salt: string;
  readonly digest: string;
  readonly hash: string;
  readonly additional: string;
}
const sample = db
  .prepare(
    `select d.claims, e.payload, e.salt, e.payload_digest as digest, e.hash, o.additional_data as additional
     from decision d join operation o on o.id = d.operation_id join audit_event e on e.subject = d.operation_id limit 1`,
  )
  .get() as unknown as Sample;
const activations = db.prepare("select id from activation").all() as { id: string }[];
const operations = db.prepare("select id from operation where status = 'PENDING' limit ?").all(Number(wanted)) as {
  id: string;
}[];

const moveCounter = db.prepare(
  `update activation set counter = counter + 1, ctr_data = ?, failed_attempts = 0, version_floor = '3.3', last_used_at = ?
   where tenant = 'default' and id = ? and status = 'ACTIVE'`,
);
const approve = db.prepare(
  `update operation set status = 'APPROVED', user_id = user_id, additional_data = ?, finalized_at = ?
   where tenant = 'default' and id = ? and status = 'PENDING'`,
);
const attempt = db.prepare("insert into operation_attempt values ('default', ?, ?, ?, 'approve', 'decided', ?)");
const decide = db.prepare("insert into decision values ('default', ?, ?, ?)");
const run = `raw-${process.pid}`;
const audit = db.prepare(
  "insert into audit_event values ('default', ?, ?, ?, 'operation.approved', ?, ?, ?, ?, ?, ?, ?)",
);

const started = performance.now();
for (let first = 0; first < operations.length; first += groupSize) {
  db.exec("begin immediate");
  for (const [offset, { id }] of operations.slice(first, first + groupSize).entries()) {
    const number = first + offset;
    const activation = activations[number % activations.length]!.id;
    moveCounter.run(sample.hash.slice(0, 24), number, activation);
    approve.run(sample.additional, number, id);
    attempt.run(`${run}-${number}`, id, activation, number);
    decide.run(id, sample.claims, number);
    audit.run(
      run,
      number + 1,
      `${run}-${number}`,
      id,
      number,
      sample.salt,
      sample.payload,
      sample.digest,
      sample.hash,
      sample.hash,
    );
  }
  db.exec("commit");
}
const seconds = (performance.now() - started) / 1000;
process.stdout.write(`${JSON.stringify({ perSecond: operations.length / seconds })}\n`);
