import { type FlowModel, UsageError } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import type { TableSchema } from "../data/table/schema.js";
import { rowsOfSplit } from "../data/table/split-rows.js";
import { takeRows } from "../rows.js";
import type { SavedRun } from "../runs/open-run.js";
import { possibleRowsOf } from "../samples/possible-samples.js";
import { tableColumns } from "../tables/columns/kinds.js";
import { encodedRows } from "../tables/flow-rows.js";
import { readRows } from "../tables/read-rows.js";
import { formatCount, table } from "../ui/format.js";
import { type Columns, columnsOf, firstOf, rowCount } from "./columns.js";
import { columnShapes, type Likeness, pairTrends } from "./likeness.js";
import { type Privacy, privacyOf } from "./nearest-training-rows.js";
import { type Detection, detection, type Efficacy, efficacy } from "./tasks.js";

/** Rows that are sampled, for shapes and trends: of fewer, chance alone moves every share. For the rest as many as there are training rows, within these. */
const SAMPLES = { least: 1000, most: 10_000 } as const;

/** A figure of sampled rows, and the same of held-out rows; both are compared with training rows. */
type Beside<T> = Readonly<{ samples: T; heldOut: T }>;

/** With the same of training rows that are drawn again, as many as there are samples: what chance alone costs. */
type WithChance<T> = Beside<T> & Readonly<{ redrawn: T }>;

/** How good sampled rows are, as the field measures it. */
export type SyntheticRows = Readonly<{
  /** Those of shapes and trends, and those of the rest. */
  samples: Readonly<{ likeness: number; others: number }>;
  shapes: WithChance<Likeness>;
  trends: WithChance<Likeness>;
  detection: Beside<Detection>;
  privacy: Privacy;
  efficacy: readonly Efficacy[];
}>;

/** Compares encoded rows, [n, columns] each, that were sampled, held out and trained on. */
export function compareRows(
  schema: TableSchema,
  rows: Readonly<Record<"sampled" | "heldOut" | "training", Float32Array>>,
  seed: number,
): SyntheticRows {
  const of = (part: Float32Array) => columnsOf(schema, part);
  const [many, heldOut, training] = [of(rows.sampled), of(rows.heldOut), of(rows.training)];
  const [rng, count] = [makeRng(seed), rowCount(training)];
  const width = rows.training.length / count;
  const sampled = firstOf(many, Math.max(count, SAMPLES.least));
  const again = Uint32Array.from({ length: rowCount(many) }, () => rng.integer(count));
  const redrawn = of(takeRows(rows.training, width, again));
  const likeness = (of: (real: Columns, other: Columns) => Likeness): WithChance<Likeness> => ({
    samples: of(training, many),
    heldOut: of(training, heldOut),
    redrawn: of(training, redrawn),
  });
  const others = rowCount(sampled);
  return {
    samples: { likeness: rowCount(many), others },
    shapes: likeness(columnShapes),
    trends: likeness(pairTrends),
    detection: { samples: detection(training, sampled, seed), heldOut: detection(training, heldOut, seed) },
    privacy: privacyOf(schema, { ...rows, sampled: rows.sampled.subarray(0, others * width) }),
    efficacy: efficacy(training, sampled, heldOut),
  };
}

/**
 * Samples rows of a run, and compares them with its training rows.
 *
 * @throws UsageError for a run that is not one of a table
 */
export async function judgeRows(model: FlowModel, run: SavedRun, seed: number): Promise<SyntheticRows> {
  const { schema } = run.config.data.reading ?? {};
  if (!schema) throw new UsageError("--synthetic is for runs of a table with named columns\nleave it out");
  const rows = await rowsOfRun(run, schema);
  const sampled = await possibleRowsOf(model, schema, SAMPLES.most, { seed });
  return compareRows(schema, { ...rows, sampled: encodedRows(tableColumns(schema), sampled) }, seed);
}

/** The rows of the table of a run, encoded: those that it was trained on, and those of its test. */
async function rowsOfRun({ config: { data } }: SavedRun, schema: TableSchema) {
  const all = await readRows(data.name, { ...data.reading, schema });
  const width = all.encoded.length / all.count;
  const part = (rows: Uint32Array): Float32Array => takeRows(all.encoded, width, rows);
  return {
    heldOut: part(rowsOfSplit(all.count, "test")),
    training: part(rowsOfSplit(all.count, "train").subarray(0, data.examples)),
  };
}

/** The lowest scores that are named. */
const NAMED = 3;

export function syntheticLines({
  samples,
  shapes,
  trends,
  detection,
  privacy,
  efficacy,
}: SyntheticRows): string[] {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const row = <T>(
    name: string,
    { samples, heldOut, redrawn }: Beside<T> & Readonly<{ redrawn?: T }>,
    of: (each: T) => string,
  ): string[] => [name, of(samples), of(heldOut), redrawn === undefined ? "" : of(redrawn)];
  const score = (each: { score: number }): string => each.score.toFixed(3);
  const lowest = trends.samples.columns.concat(shapes.samples.columns).toSorted((a, b) => a.score - b.score);
  const { copies, nearer, sampled, heldOut, near } = privacy;
  return [
    ...table(
      [
        ["", "samples", "held-out rows", "training rows again"],
        row("column shapes", shapes, score),
        row("column pair trends", trends, score),
        row("detection by boosted trees", detection, score),
        row("  area under the curve", detection, ({ auroc }) => auroc.toFixed(3)),
        row("copies of training rows", { samples: copies.sampled, heldOut: copies.heldOut }, percent),
        row("nearest training row", { samples: sampled, heldOut }, (distance) => distance.toPrecision(3)),
        ["nearer than 99 % held out", percent(near), percent(0.01), ""],
      ],
      [false, true, true, true],
    ),
    `shapes and trends are those of ${formatCount(samples.likeness)} samples, the others of ${formatCount(samples.others)}`,
    `${percent(nearer.share)} of the samples are nearer to a training row than to a held-out row (expected: ${percent(nearer.expected)})`,
    `least alike: ${lowest
      .slice(0, NAMED)
      .map(({ name, score }) => `${name} ${score.toFixed(3)}`)
      .join("; ")}`,
    ...(efficacy.length === 0
      ? []
      : [
          "",
          ...table(
            [
              ["predicted from the others", "", "by samples", "by training rows"],
              ...efficacy.map(({ column, measure, real, samples: own }) => [
                column,
                measure,
                own.toFixed(3),
                real.toFixed(3),
              ]),
            ],
            [false, false, true, true],
          ),
        ]),
  ];
}
