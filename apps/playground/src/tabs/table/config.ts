import * as v from "valibot";
import { between, device, whole } from "../../shell/schemas.js";

/** What the page takes at most; the command takes tables of any size. */
export const LIMITS = { bytes: 100_000_000, rows: 20_000, columns: 200, numbers: 500 } as const;

/** The example of the page: 1,200 parcels, six of which are odd; what `example-detector.ts` writes; and the column of names. */
export const EXAMPLE = { file: "parcels.csv", detector: "parcels.safetensors", id: "parcel" } as const;

/** What a choice of files offers. */
export const TABLE_FILES = ".csv,.tsv,.tab,.json,.jsonl,.ndjson,.gz,.parquet";

/** Configuration of this tab in the address: everything except the file, which stays with the user. */
export const tableConfig = v.strictObject({
  device,
  /** More than a few of the rows are odd. */
  contaminated: v.optional(v.boolean(), false),
  steps: v.optional(whole(1, 5000), 400),
  seed: v.optional(whole(0, 1e9), 0),
  /** Share of ordinary rows that are flagged. */
  falseAlarms: v.optional(between(0.0001, 0.5), 0.01),
});

export type TableConfig = v.InferOutput<typeof tableConfig>;
