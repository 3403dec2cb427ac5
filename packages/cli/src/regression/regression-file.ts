import { existsSync } from "node:fs";
import { join } from "node:path";
import { CheckpointError, DataError, type Executor, type FlowModel, UsageError } from "@flowify/core";
import * as v from "valibot";
import { tableSchema } from "../data/table/schema.js";
import { writeJson } from "../files/atomic.js";
import { checked, RESTORE } from "../files/check.js";
import { readJson } from "../files/regular-file.js";
import { loadModel } from "../node-model.js";
import { environmentSchema, readingSchema } from "../run-config.js";
import { holdsRegression, holdsRun, notARun, runPaths } from "../runs/folder.js";
import { type SimpleName, simpleNames, type ValueKind } from "./network.js";
import { Regression } from "./regression.js";
import type { SimpleMember } from "./simple-members.js";

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

/** Of the values of a target, or of which of its atoms they are. */
const partSchema = v.strictObject({
  flows: count,
  /** What flows are mixed with, and the weight of each. */
  simple: v.array(v.strictObject({ name: v.picklist(simpleNames), share: number })),
  /** How flows are pooled. */
  pool: v.strictObject({ centred: number, scale: number }),
});

const VERSION = 2;

/** What a new document begins with. */
export const HEAD = { format: "flowify-regression", version: VERSION } as const;

const documentSchema = v.strictObject({
  format: v.literal("flowify-regression"),
  version: v.literal(VERSION),
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
  /** What stands only where training has ended: of each target its models, its baseline, and its held-out rows. */
  targets: v.exactOptional(
    v.array(
      v.strictObject({
        value: partSchema,
        atom: v.exactOptional(partSchema),
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
  const json = readJson(path, { damaged: RESTORE });
  const { version } = json as { version?: unknown };
  if (typeof version === "number" && version < VERSION)
    throw new CheckpointError(
      `${path}: a run of format ${version}, which an earlier version of flowify wrote, expected ${VERSION}\ntrain it again`,
    );
  return checked(
    documentSchema,
    json,
    (problems) => new DataError(`${path}: not a run that predicts: ${problems}\n${RESTORE}`),
  );
}

type Part = readonly [folder: string, target: number, part: "value" | "atom"];

/** The folder of a flow by its number, or of a simple member by its name. */
export const memberFolder = ([folder, target, part]: Part, which: number | SimpleName): string =>
  join(runPaths(folder).members, `${target}-${part}-${String(which).replace(" ", "-")}`);

/** The flows of a part that are in the folder, the first ones without a gap: all, or so many. */
export async function loadMembers(part: Part, executor: Executor, count?: number): Promise<FlowModel[]> {
  const models: FlowModel[] = [];
  const isThere = (k: number): boolean =>
    count === undefined ? existsSync(join(memberFolder(part, k), "model.json")) : k < count;
  for (let k = 0; isThere(k); k++) models.push(await loadModel(memberFolder(part, k), { executor }));
  return models;
}

/** All that a part consists of. */
export async function loadPart(
  part: Part,
  { flows, simple, pool }: v.InferOutput<typeof partSchema>,
  kind: ValueKind,
  executor: Executor,
): Promise<Regression> {
  const members: SimpleMember[] = [];
  for (const each of simple)
    members.push({ ...each, model: await loadModel(memberFolder(part, each.name), { executor }) });
  return new Regression(await loadMembers(part, executor, flows), { kind, executor, simple: members, pool });
}
