/** What an application with Approve devices puts into its bundle. */
import * as sdk from "@countersign/client/approve";
import { openIndexedDbStorage } from "@countersign/client/storage/indexeddb";

Object.assign(globalThis, { sdk, openIndexedDbStorage });
