/** Faults that the fuzz of the Approve routes must find: tests of the test, planted as those of the campaigns are. */
import type { Edit } from "../campaigns/faults.ts";

const prove = "server/src/approve/prove.ts";
const accept = "server/src/approve/transactions/accept.ts";
const answer = "server/src/approve/transactions/answer.ts";

export const faults: Readonly<Record<string, Edit>> = {
  "the body is not under the proof": {
    file: prove,
    find: "claims.bsh === toBase64Url(deps.crypto.sha256(call.body)) &&",
    replace: "",
  },
  "a proof fits every address": { file: prove, find: "claims.htu === deps.publicUrl + call.path &&", replace: "" },
  "a proof by any key is good": {
    file: prove,
    find: "if (key === undefined || !(await verifyProof(read, key.verifier)))",
    replace: "if (key === undefined)",
  },
  "a proof is good twice": {
    file: prove,
    find: "evaluate: ({ claimed }) => ({ result: claimed })",
    replace: "evaluate: () => ({ result: true })",
  },
  "an answer by any key is good": {
    file: accept,
    find: "const isRight = !isFailure(await verifyMessage(read, key.verifier));",
    replace: "const isRight = true;",
  },
  "an answer for another server is good": {
    file: accept,
    find: "claims.aud === deps.publicUrl && claims.iss === activation.id",
    replace: "claims.iss === activation.id",
  },
  "an answer to another text is good": {
    file: answer,
    find: 'if (claims.shown_sha256 !== issued.shown_digest) return refuse("invalid-request", "shown_sha256");',
    replace: "",
  },
  "an answer to another transaction is good": {
    file: answer,
    find: 'if (claims.tx_sha256 !== digestOf(deps, told)) return refuse("invalid-request", "tx_sha256");',
    replace: "",
  },
};
