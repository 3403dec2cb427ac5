import * as z from "zod/mini";
import { backends } from "../../worker/backends.js";

/** Configuration of this tab in the address: everything except the files, which stay with the user. */
export const exchangeConfig = z.strictObject({
  device: z._default(z.enum(backends), "auto"),
  count: z._default(z.int().check(z.gte(1), z.lte(400)), 40),
  temperature: z._default(z.number().check(z.gte(0), z.lte(10)), 1),
  seed: z._default(z.int().check(z.gte(0), z.lte(1e9)), 0),
  steps: z._default(z.int().check(z.gte(1), z.lte(10_000)), 10),
});

export type ExchangeConfig = z.infer<typeof exchangeConfig>;
