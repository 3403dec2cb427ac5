import { existsSync } from "node:fs";
import { join } from "node:path";
import { DataError, type Executor, type FlowModel, UsageError } from "@flowify/core";
import * as v from "valibot";
import { tableSchema } from "../data/table/schema.js";
import { writeJson } from "../files/atomic.js";
import { checked, RESTORE } from "../files/check.js";
import { readJson } from "../files/regular-file.js";
import { loadModel } from "../node-model.js";
import { environmentSchema, readingSchema } from "../run-config.js";
import { holdsRegression, holdsRun, notARun, runPaths } from "../runs/folder.js";

const number = v.number();
const count = v.pipe(number, v.integer(), v.minValue(0));

const gaussianSchema = v.strictObject({
  level: number,
  slope: v.array(number),
  middle: v.array(number),
  spread: v.array(v.nullable(number)),
  std: number,
});
const baselineSchema = v.strictObject({
  shares: v.array(number),
  gaussian: v.exactOptional(gaussianSchema),
});

const documentSchema = v.strictObject({
  format: v.literal("flowify-regression"),
  version: v.literal(1),
  data: v.strictObject({
    name: v.string(),
    reading: readingSchema,
    /** Rows that were trained on, and a hash of all rows. */
    examples: count,
    hash: v.string(),
  }),
  /** The columns of the table as they are used. */
  schema: tableSchema,
  predict: v.array(v.string()),
  given: v.array(v.string()),
  training: v.strictObject({
    seed: count,
    /** null: by the number of rows. */
    ensemble: v.nullable(count),
    steps: v.nullable(count),
  }),
  environment: environmentSchema,
  /** What stands only where training has ended: of each target how many flows, its baseline, and its held-out rows. */
  targets: v.exactOptional(
    v.array(
      v.strictObject({
        flows: v.strictObject({ value: count, atom: count }),
        /** What flows of values are mixed with; in runs of earlier versions with nothing. */
        lines: v.exactOptional(
          v.strictObject({ shares: v.array(number), gaussians: v.array(gaussianSchema) }),
        ),
        /** How flows of values are pooled; in runs of earlier versions as they are. */
        pool: v.exactOptional(v.strictObject({ centred: number, scale: number })),
        baseline: baselineSchema,
        /** Of a table with an order: values of the past. */
        lagBaselines: v.exactOptional(
          v.array(
            v.strictObject({
              name: v.string(),
              lag: count,
              spreads: v.array(number),
              ...baselineSchema.entries,
            }),
          ),
        ),
        heldOut: v.strictObject({
          outwardness: v.array(number),
          /** log p of each value, of a table with an order. */
          logProb: v.exactOptional(v.array(number)),
          /** Which series each is of. */
          series: v.exactOptional(v.array(count)),
        }),
      }),
    ),
  ),
});

/** A run of `flowify train --predict`, as its folder holds it beside its flows. */
export type RegressionDocument = v.InferOutput<typeof documentSchema>;

export const writeRegression = (folder: string, document: RegressionDocument): Promise<void> =>
  writeJson(runPaths(folder).regression, document);

/** @throws UsageError where the folder holds none, DataError where it is damaged */
export function readRegression(folder: string): RegressionDocument {
  if (!holdsRegression(folder) && holdsRun(folder))
    throw new UsageError(
      `${folder} holds a run of whole images or rows, expected one that predicts columns\ntrain one with flowify train --predict A,B`,
    );
  if (!holdsRegression(folder)) throw notARun(folder);
  const path = runPaths(folder).regression;
  return checked(
    documentSchema,
    readJson(path, { damaged: RESTORE }),
    (problems) => new DataError(`${path}: not a run that predicts: ${problems}\n${RESTORE}`),
  );
}

/** The folder of a flow: of the values of a target, or of which of its atoms they are. */
export const memberFolder = (folder: string, target: number, part: "value" | "atom", k: number): string =>
  join(runPaths(folder).members, `${target}-${part}-${k}`);

/** Flows of a part that are in the folder, the first ones without a gap: all, or so many. */
export async function loadMembers(
  [folder, target, part]: readonly [folder: string, target: number, part: "value" | "atom"],
  executor: Executor,
  count?: number,
): Promise<FlowModel[]> {
  const models: FlowModel[] = [];
  const folderOf = (k: number): string => memberFolder(folder, target, part, k);
  const isThere = (k: number): boolean =>
    count === undefined ? existsSync(join(folderOf(k), "model.json")) : k < count;
  for (let k = 0; isThere(k); k++) models.push(await loadModel(folderOf(k), { executor }));
  return models;
}
