/** Runs in a page: all of the device SDK that a web application can use. Nothing of it is shaken off. */
import { passkeyBiometry } from "@countersign/client/biometry/passkey";
import * as sdk from "@countersign/client/mobile-token";
import { openIndexedDbStorage } from "@countersign/client/storage/indexeddb";

const hands = { sdk, openIndexedDbStorage, passkeyBiometry };
export type SdkHands = typeof hands;

Object.assign(globalThis, { hands });
