/** What an application gets that imports the whole SDK and nothing else. */
import * as sdk from "@countersign/client/mobile-token";

Object.assign(globalThis, { sdk });
