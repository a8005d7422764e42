/**
 * `@countersign/client/mobile-token/compat`: for applications written for other editions. Classes of the PowerAuth object
 * have the same names everywhere; `withResults` gives services the older manner of answering.
 */
export { apiLevel } from "../index.ts";
export { withResults, type ServiceResult, type WithResults } from "./results.ts";
