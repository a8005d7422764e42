/**
 * The configuration string an app carries: application key, application secret and the master public key
 * (PowerAuth 3.x, SDK configuration). It is not signed, and no more secret than the app's binary.
 */
import { concat, fromBase64, toBase64, type Bytes } from "../bytes.ts";
import { failure, type Failure } from "../errors.ts";

export interface ClientConfiguration {
  /** 16 bytes. */
  readonly applicationKey: Bytes;
  /** 16 bytes. */
  readonly applicationSecret: Bytes;
  /** SEC1. Whether the point is on the curve is checked where it is imported. */
  readonly masterPublicKey: Bytes;
}

const formatVersion = 1;
const p256KeyId = 1;

/** The form with one key, which every reader knows. */
export function encodeClientConfiguration(configuration: ClientConfiguration): string {
  const { applicationKey, applicationSecret, masterPublicKey } = configuration;
  if (applicationKey.length !== 16 || applicationSecret.length !== 16)
    throw new RangeError("Key and secret have 16 bytes");
  if (masterPublicKey.length === 0) throw new RangeError("The master public key is empty");
  return toBase64(
    concat(
      Uint8Array.of(formatVersion),
      data(applicationKey),
      data(applicationSecret),
      count(1),
      Uint8Array.of(p256KeyId),
      data(masterPublicKey),
    ),
  );
}

/** Skips keys it does not know, takes the last of several, ignores what follows the last key. */
export function decodeClientConfiguration(text: string): ClientConfiguration | Failure {
  const bytes = fromBase64(text);
  return (bytes && read(bytes)) ?? failure("client-configuration-invalid");
}

function read(bytes: Bytes): ClientConfiguration | undefined {
  const reader: Reader = { bytes, position: 0 };
  if (readBytes(reader, 1)?.[0] !== formatVersion) return undefined;
  const applicationKey = readData(reader);
  const applicationSecret = readData(reader);
  if (applicationKey?.length !== 16 || applicationSecret?.length !== 16) return undefined;
  const keys = readCount(reader);
  if (keys === undefined) return undefined;
  let masterPublicKey: Bytes | undefined;
  for (let index = 0; index < keys; index++) {
    const id = readBytes(reader, 1)?.[0];
    const key = readData(reader);
    if (id === undefined || key === undefined) return undefined;
    if (id === p256KeyId) masterPublicKey = key;
  }
  if (masterPublicKey === undefined || masterPublicKey.length === 0) return undefined;
  return { applicationKey, applicationSecret, masterPublicKey };
}

interface Reader {
  readonly bytes: Bytes;
  position: number;
}

function readBytes(reader: Reader, length: number): Bytes | undefined {
  const end = reader.position + length;
  if (end > reader.bytes.length) return undefined;
  const taken = reader.bytes.slice(reader.position, end);
  reader.position = end;
  return taken;
}

function readData(reader: Reader): Bytes | undefined {
  const length = readCount(reader);
  return length === undefined ? undefined : readBytes(reader, length);
}

/** One byte up to 7F, two from 80 00, four from C0 00 00 00: the top bits tell which. */
function readCount(reader: Reader): number | undefined {
  const first = readBytes(reader, 1)?.[0];
  if (first === undefined || first < 0x80) return first;
  const rest = readBytes(reader, first < 0xc0 ? 1 : 3);
  return rest?.reduce((value, byte) => value * 256 + byte, first & 0x3f);
}

function data(bytes: Bytes): Bytes {
  return concat(count(bytes.length), bytes);
}

function count(value: number): Bytes {
  if (value < 0x80) return Uint8Array.of(value);
  if (value < 0x4000) return Uint8Array.of(0x80 | (value >>> 8), value & 0xff);
  throw new RangeError("No member of a configuration is that long");
}
