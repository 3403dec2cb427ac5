import * as z from "zod/mini";
import { backends } from "../../worker/backends.js";
import { normalizations } from "./calls.js";

/** Configuration of this tab in the address: everything except the file, which stays with the user. */
export const networkConfig = z.strictObject({
  normalization: z._default(z.enum(normalizations), "unit"),
  device: z._default(z.enum(backends), "auto"),
  /** The shown digit of the page; −1 for a drawn one. */
  digit: z._default(z.int().check(z.gte(-1), z.lt(128)), 0),
  steps: z._default(z.int().check(z.gte(1), z.lte(10_000)), 100),
  count: z._default(z.int().check(z.gte(1), z.lte(256)), 16),
  temperature: z._default(z.number().check(z.gte(0), z.lte(10)), 1),
  seed: z._default(z.int().check(z.gte(0), z.lte(1e9)), 0),
});

export type NetworkConfig = z.infer<typeof networkConfig>;
