/** What the server calls itself where a client asks. */
export const product = { name: "countersign", version: "0.1.0" } as const;
