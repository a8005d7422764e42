/**
 * A PostgreSQL database as a PowerAuth server of version 1.9 leaves it (with the enrollment and push servers' tables in
 * it), filled with activations whose device keys the test holds. What it encrypts, it encrypts by means of its own.
 */
import { createCipheriv, createHmac, randomBytes, randomUUID } from "node:crypto";
import { toBase64 } from "@countersign/protocol/bytes";
import { nodeCrypto as crypto } from "@countersign/protocol/crypto-node";
import { encodeActivationCode } from "@countersign/protocol/powerauth/activation-code";
import type { ProtocolVersion } from "@countersign/protocol/powerauth/versions";
import pg from "pg";
import { createDevice, type Device, random } from "./device.ts";
import { postgres } from "./stores.ts";

const schema = `
create table pa_application (id integer primary key, name varchar(255) not null unique, roles varchar(255));
create table pa_application_version (id integer primary key, application_id integer not null references pa_application,
  name varchar(255), application_key varchar(255), application_secret varchar(255), supported boolean);
create table pa_master_keypair (id integer primary key, application_id integer not null references pa_application,
  master_key_private_base64 varchar(255) not null, master_key_public_base64 varchar(255) not null, name varchar(255),
  timestamp_created timestamp(6) not null);
create table pa_activation (activation_id varchar(37) primary key, application_id integer not null references
  pa_application, user_id varchar(255) not null, activation_name varchar(255), activation_code varchar(255),
  activation_status integer not null, activation_otp varchar(255), activation_otp_validation integer not null default 0,
  blocked_reason varchar(255), counter integer not null, ctr_data varchar(255), device_public_key_base64 varchar(255),
  extras varchar(4000), platform varchar(255), device_info varchar(255), flags varchar(255),
  failed_attempts integer not null, max_failed_attempts integer not null default 5,
  server_private_key_base64 varchar(255) not null, server_private_key_encryption integer not null default 0,
  server_public_key_base64 varchar(255) not null, timestamp_activation_expire timestamp(6) not null,
  timestamp_created timestamp(6) not null, timestamp_last_used timestamp(6) not null,
  timestamp_last_change timestamp(6), master_keypair_id integer references pa_master_keypair, version integer default 2,
  external_id varchar(255), protocol varchar(32) default 'powerauth', commit_phase integer default 0);
create table pa_token (token_id varchar(37) primary key, token_secret varchar(255) not null,
  activation_id varchar(37) not null references pa_activation, signature_type varchar(255) not null,
  timestamp_created timestamp(6) not null);
create table pa_unique_value (unique_value varchar(255) primary key, type integer not null,
  timestamp_expires timestamp not null);
create table pa_operation (id varchar(37) primary key, user_id varchar(255), external_id varchar(255),
  activation_flag varchar(255), operation_type varchar(255) not null, template_name varchar(255), data text not null,
  parameters text, additional_data text, status integer not null, signature_type varchar(255) not null,
  failure_count bigint not null default 0, max_failure_count bigint not null, timestamp_created timestamp not null,
  timestamp_expires timestamp not null, timestamp_finalized timestamp, risk_flags varchar(255), totp_seed varchar(24),
  activation_id varchar(37) references pa_activation, status_reason varchar(32));
create table pa_operation_application (application_id bigint not null, operation_id varchar(37) not null,
  primary key (application_id, operation_id));
create table pa_operation_template (id bigint primary key, template_name varchar(255) not null unique,
  operation_type varchar(255) not null, data_template varchar(255) not null, signature_type varchar(255) not null,
  max_failure_count bigint not null, expiration bigint not null, risk_flags varchar(255),
  proximity_check_enabled boolean not null default false);
create table pa_application_callback (id varchar(37) primary key, application_id integer not null references
  pa_application, name varchar(255), callback_url varchar(1024), type varchar(64) not null default
  'ACTIVATION_STATUS_CHANGE', attributes varchar(1024), authentication text,
  encryption_mode varchar(255) not null default 'NO_ENCRYPTION', max_attempts integer, initial_backoff varchar(64),
  retention_period varchar(64), timestamp_created timestamp(6) not null default now(),
  timestamp_last_updated timestamp(6), enabled boolean not null default true);
create table pa_application_config (id integer primary key, application_id integer not null references pa_application,
  config_key varchar(255) not null, config_values text, encryption_mode varchar(255) not null default 'NO_ENCRYPTION');
create table es_operation_template (id bigint primary key, placeholder varchar(255) not null,
  language varchar(8) not null, title varchar(255) not null, message text not null, attributes text, ui text,
  result_texts text, unique (placeholder, language));
create table push_device_registration (id integer primary key, activation_id varchar(37), user_id varchar(255),
  app_id integer not null, platform varchar(255) not null, environment varchar(255), push_token varchar(255) not null,
  timestamp_last_registered timestamp(6) not null, is_active boolean);
`;

export interface SourceApplication {
  readonly number: number;
  readonly applicationId: string;
  readonly applicationKey: string;
  readonly applicationSecret: string;
  readonly masterPublicKey: string;
}

export interface SourceActivation {
  readonly activationId: string;
  readonly userId: string;
  /** While CREATED. */
  readonly code: string | null;
  /** The phone: its key is the activation's, its counter where the server's is. */
  device(url: string): Device;
}

export interface ActivationOptions {
  readonly version?: ProtocolVersion;
  readonly status?: 1 | 2 | 3 | 4 | 5;
  readonly encrypted?: boolean;
  readonly set?: Readonly<Record<string, unknown>>;
}

export type PowerAuthDatabase = Awaited<ReturnType<typeof createPowerAuthDatabase>>;

/** Undefined without PostgreSQL. */
export async function createPowerAuthDatabase() {
  const database = await (await postgres())?.createDatabase();
  if (database === undefined) throw new Error("PostgreSQL: not found");
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query("set timezone to 'UTC'");
  await client.query(schema);
  const masterKey = randomBytes(16);
  let numbers = 0;

  const source = {
    url: database.url,
    client,
    /** Key that the source encrypts its secrets with, Base64. */
    masterKey: masterKey.toString("base64"),

    async insert(table: string, row: Readonly<Record<string, unknown>>): Promise<void> {
      const names = Object.keys(row);
      const places = names.map((_, at) => `$${at + 1}`);
      await client.query(
        `insert into ${table} (${names.join(", ")}) values (${places.join(", ")})`,
        names.map((name) => row[name]),
      );
    },

    async application(applicationId: string): Promise<SourceApplication> {
      const number = ++numbers;
      const old = crypto.generateKeyPair(random);
      const pair = crypto.generateKeyPair(random);
      const [applicationKey, applicationSecret] = [toBase64(random(16)), toBase64(random(16))];
      const masterPublicKey = toBase64(crypto.exportPublicKey(pair.publicKey, "uncompressed"));
      await source.insert("pa_application", { id: number, name: applicationId, roles: '["ROLE_A"]' });
      for (const [{ privateKey, publicKey }, year] of [
        [old, 2020],
        [pair, 2023],
      ] as const) {
        await source.insert("pa_master_keypair", {
          id: ++numbers,
          application_id: number,
          master_key_private_base64: javaNumber(crypto.exportPrivateKey(privateKey)),
          master_key_public_base64: toBase64(crypto.exportPublicKey(publicKey, "uncompressed")),
          timestamp_created: `${year}-01-01 00:00:00`,
        });
      }
      await source.insert("pa_application_version", {
        id: ++numbers,
        application_id: number,
        name: "default",
        application_key: applicationKey,
        application_secret: applicationSecret,
        supported: true,
      });
      return { number, applicationId, applicationKey, applicationSecret, masterPublicKey };
    },

    async activation(app: SourceApplication, options: ActivationOptions = {}): Promise<SourceActivation> {
      const { version = "3.3", status = 3, encrypted = false, set = {} } = options;
      const activationId = randomUUID();
      const userId = `Žofie ${++numbers}`;
      const server = crypto.generateKeyPair(random);
      const keyPair = crypto.generateKeyPair(random);
      const ctrData = random(16);
      const code = status === 1 ? encodeActivationCode(random(10)) : null;
      const plain = Buffer.from(javaNumber(crypto.exportPrivateKey(server.privateKey)), "base64");
      const exchanged = status !== 1;
      await source.insert("pa_activation", {
        activation_id: activationId,
        application_id: app.number,
        user_id: userId,
        activation_name: "phone",
        // The source keeps codes for ever.
        activation_code: code ?? encodeActivationCode(random(10)),
        activation_status: status,
        blocked_reason: status === 4 ? "MAX_FAILED_ATTEMPTS" : null,
        counter: exchanged ? 7 : 0,
        ctr_data: exchanged ? toBase64(ctrData) : null,
        device_public_key_base64: exchanged
          ? toBase64(crypto.exportPublicKey(keyPair.publicKey, "uncompressed"))
          : null,
        platform: "ios",
        device_info: "iPhone12,3",
        flags: '["VIP"]',
        failed_attempts: status === 4 ? 5 : 1,
        server_private_key_base64: encrypted
          ? encryptRecord(masterKey, [userId, activationId], plain)
          : plain.toString("base64"),
        server_private_key_encryption: encrypted ? 1 : 0,
        server_public_key_base64: toBase64(crypto.exportPublicKey(server.publicKey, "uncompressed")),
        timestamp_activation_expire: new Date(Date.now() + 3_600_000).toISOString(),
        timestamp_created: "2023-04-03 13:59:06.015",
        timestamp_last_used: "2024-05-06 07:08:09.123",
        version: 3,
        ...set,
      });
      return {
        activationId,
        userId,
        code,
        device(url) {
          const { applicationKey, applicationSecret, masterPublicKey } = app;
          const device = createDevice({ url, applicationKey, applicationSecret, masterPublicKey, version, keyPair });
          if (exchanged) device.adopt(activationId, server.publicKey, ctrData);
          return device;
        },
      };
    },

    encrypt: (names: readonly string[], text: string) => encryptRecord(masterKey, names, Buffer.from(text)),
    number: () => ++numbers,

    async close(): Promise<void> {
      await client.end();
      await database.drop();
    },
  };
  return source;
}

/** A signed number, as Java writes it. */
function javaNumber(scalar: Uint8Array): string {
  let bytes = Buffer.from(scalar);
  while (bytes.length > 1 && bytes[0] === 0 && bytes[1]! < 0x80) bytes = bytes.subarray(1);
  return (bytes[0]! >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes).toString("base64");
}

/** AES_HMAC: HMAC-SHA-256 of the names under the master key, folded to 16 bytes; AES-CBC with padding, the IV in front. */
function encryptRecord(masterKey: Buffer, names: readonly string[], plain: Buffer): string {
  const mac = createHmac("sha256", masterKey).update(names.join("&"), "utf8").digest();
  const key = Buffer.alloc(16, 0).map((_, at) => mac[at]! ^ mac[at + 16]!);
  const iv = randomBytes(16);
  const cipher = createCipheriv("aes-128-cbc", key, iv);
  return Buffer.concat([iv, cipher.update(plain), cipher.final()]).toString("base64");
}
