import { type FlowModel, UsageError } from "@flowify/core";
import type { TableSchema } from "../data/table/schema.js";
import { rowsOfSplit } from "../data/table/split-rows.js";
import { writeAtomic } from "../files/atomic.js";
import type { SavedRun } from "../runs/open-run.js";
import { tableColumns } from "../tables/columns/kinds.js";
import { encodedRows, takeRows } from "../tables/flow-rows.js";
import { readRows } from "../tables/read-rows.js";
import { formatCount } from "../ui/format.js";
import type { Terminal } from "../ui/terminal.js";
import { type GivenSamples, givenSamples } from "./given-samples.js";
import { givenValues } from "./given-values.js";
import { COMPARED, type Privacy, privacyOf } from "./nearest-training-rows.js";
import { BATCH, type Sampling, writerOf } from "./sample-into.js";

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
  const piece = PIECE * model.flow.dimensions;
  await writeAtomic(sampling.file, async (write) => {
    const writer = writerOf(sampling, write);
    for (let at = 0; at < found.rows.length; at += piece)
      await writer.add(found.rows.subarray(at, at + piece));
    await writer.end();
  });
  return found;
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

export function sayPrivacy({ say }: Terminal, { sampled, heldOut, near }: Privacy): void {
  say(
    `distance to the nearest training row: median ${sampled.toPrecision(3)} of sampled rows, ${heldOut.toPrecision(3)} of held-out rows`,
  );
  say(
    `${(100 * near).toFixed(1)} % of the sampled rows are nearer than 99 % of the held-out rows (expected: 1 %)`,
  );
}

/** How near the first of the sampled rows are to training rows. */
export const privacyOfRun = async (
  run: SavedRun,
  schema: TableSchema,
  sampled: Float32Array,
): Promise<Privacy> =>
  privacyOf(schema, {
    sampled: encodedRows(tableColumns(schema), sampled),
    ...(await rowsOfRun(run, schema)),
  });

/** The rows of the table of a run, encoded: those that it was trained on, and those of its test. */
export async function rowsOfRun({ config: { data } }: SavedRun, schema: TableSchema) {
  const all = await readRows(data.name, { ...data.reading, schema });
  const width = all.encoded.length / all.count;
  const part = (rows: Uint32Array): Float32Array => takeRows(all.encoded, width, rows);
  return {
    heldOut: part(rowsOfSplit(all.count, "test")),
    training: part(rowsOfSplit(all.count, "train").subarray(0, data.examples)),
  };
}

/** The rows of a sampling that `privacyOfRun` compares. */
export async function firstRows({ model, options }: Sampling): Promise<Float32Array> {
  const { count, ...drawing } = options;
  const to = Math.min(count, BATCH * Math.ceil(COMPARED.rows / BATCH));
  const blocks: number[][] = [];
  for await (const block of model.sampleBlocks(count, { ...drawing, to })) blocks.push([...block]);
  return Float32Array.from(blocks.flat());
}

/** @throws UsageError for flags that need a run of a table */
export function expectTableFlags({
  given,
  privacy,
}: Readonly<{ given?: readonly string[]; privacy?: boolean }>): void {
  const flag = given !== undefined ? "--given" : privacy ? "--privacy" : undefined;
  if (flag !== undefined)
    throw new UsageError(`${flag} is for runs of a table with named columns\nleave it out`);
}
