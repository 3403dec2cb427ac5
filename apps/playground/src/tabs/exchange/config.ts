import * as v from "valibot";
import { between, whole } from "../../shell/ranges.js";
import { backends } from "../../worker/backends.js";

/** Configuration of this tab in the address: everything except the files, which stay with the user. */
export const exchangeConfig = v.strictObject({
  device: v.optional(v.picklist(backends), "auto"),
  count: v.optional(whole(1, 400), 40),
  temperature: v.optional(between(0, 10), 1),
  seed: v.optional(whole(0, 1e9), 0),
  steps: v.optional(whole(1, 10_000), 10),
});

export type ExchangeConfig = v.InferOutput<typeof exchangeConfig>;
