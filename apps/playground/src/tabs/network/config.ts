import * as v from "valibot";
import { backends, between, whole } from "../../shell/schemas.js";
import { normalizations } from "./calls.js";

/** Configuration of this tab in the address: everything except the file, which stays with the user. */
export const networkConfig = v.strictObject({
  normalization: v.optional(v.picklist(normalizations), "unit"),
  device: v.optional(v.picklist(backends), "auto"),
  /** The shown digit of the page; −1 for a drawn one. */
  digit: v.optional(whole(-1, 127), 0),
  steps: v.optional(whole(1, 10_000), 100),
  count: v.optional(whole(1, 256), 16),
  temperature: v.optional(between(0, 10), 1),
  seed: v.optional(whole(0, 1e9), 0),
});
