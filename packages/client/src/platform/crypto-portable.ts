/** `#crypto` outside Node: browsers, React Native. */
export { nobleCrypto as platformCrypto } from "@countersign/protocol/crypto-noble";
