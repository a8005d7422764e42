import { createMemoryStorage } from "../../src/storage/memory.ts";
import { storageContract } from "../storage-contract.ts";

storageContract({ name: "memory", open: async (options) => createMemoryStorage(options) });
