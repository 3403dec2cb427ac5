import type { FlowModel } from "@flowify/core";
import type { TableSchema } from "../data/table/schema.js";
import { writeAtomic } from "../files/atomic.js";
import type { SavedRun } from "../runs/open-run.js";
import { formatCount } from "../ui/format.js";
import type { Terminal } from "../ui/terminal.js";
import { type GivenSamples, givenSamples } from "./given-samples.js";
import { givenValues } from "./given-values.js";
import { type Sampling, writerOf } from "./sample-into.js";
import { type Asked, askFor, type Wanted } from "./wanted-outputs.js";

/** Below this share of the rows, the effective sample size is warned of. */
const WORTH = 0.5;

/** Rows that are written at once. */
const PIECE = 4096;

/**
 * Writes rows that hold given values. They are drawn from all proposals together, so they are held in memory, and a killed
 * command begins anew.
 */
export async function writeGiven(
  model: FlowModel,
  schema: TableSchema,
  sampling: Sampling,
  given: readonly string[],
): Promise<GivenSamples> {
  const found = await givenSamples(model, givenValues(schema, given), sampling.options);
  await writeRows(found.rows, model.flow.dimensions, sampling);
  return found;
}

/** Writes rows that should have wanted outputs, and reports how many do. */
export async function writeAsked(
  model: FlowModel,
  run: SavedRun,
  sampling: Sampling,
  wanted: Wanted,
): Promise<Awaited<ReturnType<Asked["judge"]>>> {
  const { count, ...drawing } = sampling.options;
  const asked = await askFor(run, wanted, count);
  for (const line of asked.warnings) sampling.terminal.warn(line);
  const rows = await asked.nearest(
    (seed) => model.sampleFlat(count, { ...drawing, seed, condition: asked.given }),
    drawing.seed,
  );
  await writeRows(rows, model.flow.dimensions, sampling);
  return asked.judge(rows);
}

/** Writes rows, one after another, a piece at a time. */
async function writeRows(rows: Float32Array, width: number, sampling: Sampling): Promise<void> {
  const piece = PIECE * width;
  await writeAtomic(sampling.file, async (write) => {
    const writer = writerOf(sampling, write);
    for (let at = 0; at < rows.length; at += piece) await writer.add(rows.subarray(at, at + piece));
    await writer.end();
  });
}

export function sayGiven(
  { say, warn }: Terminal,
  { effective, proposals }: GivenSamples,
  count: number,
): void {
  const worth = formatCount(Math.round(effective));
  say(`effective sample size ${worth}, from ${formatCount(proposals)} samples of the run`);
  if (effective < WORTH * count)
    warn(
      `only ${worth} of ${formatCount(count)} rows are independent: many are copies; give fewer columns, or use them as ${worth} rows`,
    );
}
