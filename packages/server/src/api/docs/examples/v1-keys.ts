/** Examples of `/v1/keys`. */
import type { Examples } from "../examples.ts";

export const v1KeyExamples: Examples = {
  "POST /v1/keys/rotate": {
    summary: "Make a new signing key, which takes the place of the active one a little later on every node",
    body: {
      use: "receipt",
    },
    response: {
      kid: "e_UjR1T6cYrR4XoYrH4KtEOGRgWscX7TNvOKG48aG28",
      signsFrom: "2026-11-27T19:50:03.229Z",
    },
  },
  "POST /v1/keys/reseal": {
    summary: "Seal with the master key whatever is still under a previous one; previous keys are needed no more then",
    response: {
      resealed: 0,
    },
  },
};
