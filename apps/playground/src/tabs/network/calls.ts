import * as v from "valibot";
import { between, device, whole } from "../../shell/schemas.js";

/** Preprocessing of pixels for the network. */
export const normalizations = ["unit", "mnist", "raw"] as const;
export type Normalization = (typeof normalizations)[number];

/** Configuration of this tab in the address: everything except the file, which stays with the user. */
export const networkConfig = v.strictObject({
  normalization: v.optional(v.picklist(normalizations), "unit"),
  device,
  /** The shown digit of the page; −1 for a drawn one. */
  digit: v.optional(whole(-1, 127), 0),
  count: v.optional(whole(1, 256), 16),
  temperature: v.optional(between(0, 10), 1),
  seed: v.optional(whole(0, 1e9), 0),
});

/** A dropped file with the network, and further files that may hold its weights. */
export type OnnxFiles = Readonly<{
  file: string;
  bytes: Uint8Array<ArrayBuffer>;
  beside: Readonly<Record<string, Uint8Array>>;
}>;
