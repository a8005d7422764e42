/** `#crypto` in Node. */
export { nodeCrypto as platformCrypto } from "@countersign/protocol/crypto-node";
