import { type FlowModel, UsageError } from "@flowify/core";
import { rowFileBytes } from "../data/row-files.js";
import { decodeRows } from "../data/table/decode-rows.js";
import { givenValues } from "../data/table/given-values.js";
import { readRows } from "../data/table/read-rows.js";
import type { TableSchema } from "../data/table/schema.js";
import { rowsOfSplit } from "../data/table/split-rows.js";
import { isWrittenTable, tableBytes } from "../data/table/write-table.js";
import { pickRows } from "../detect/score-rows.js";
import { writeFileAtomic } from "../run/atomic.js";
import { expectNotAnInput } from "../run/folder.js";
import { type GivenSamples, givenSamples } from "../run/given-samples.js";
import { type Privacy, privacyOf } from "../run/nearest-training-rows.js";
import { formatCount } from "../ui/format.js";
import type { Terminal } from "../ui/terminal.js";
import type { SavedRun } from "./open-run.js";

export type TableSampling = Readonly<{
  count: number;
  seed: number;
  temperature: number;
  mode: "sample" | "deterministic";
  given: readonly string[] | undefined;
  privacy: boolean | undefined;
}>;

/** Below this share of the rows, the effective sample size is warned of. */
const WORTH = 0.5;

/** Samples rows of the table that a run was trained on, and writes them in its own types. */
export async function sampleTable(
  model: FlowModel,
  run: SavedRun,
  schema: TableSchema,
  file: string,
  sampling: TableSampling,
  terminal: Terminal,
): Promise<void> {
  const { given, count, seed, temperature, mode } = sampling;
  expectNotAnInput(file, [run.config.data.name]);
  const values = given && givenValues(schema, given);
  const found = values && (await givenSamples(model, values, sampling));
  const rows = found?.rows ?? (await model.sample(count, { seed, temperature, mode }));
  const { shape, columns } = run.config.data;
  const bytes = isWrittenTable(file)
    ? await tableBytes(file, decodeRows(schema, rows))
    : rowFileBytes(file, { rows, shape: [shape[0]], ...(columns && { columns }) });
  await writeFileAtomic(file, bytes);
  const privacy = sampling.privacy ? await privacyOfRun(run, schema, rows) : undefined;
  terminal.say(`${formatCount(count)} samples: ${file}`);
  if (found) sayGiven(terminal, found, count);
  if (privacy) sayPrivacy(terminal, privacy);
  terminal.document({
    file,
    count,
    seed,
    temperature,
    mode,
    step: run.step,
    ...(found && { given, effective: found.effective, proposals: found.proposals }),
    ...(privacy && { privacy }),
  });
}

function sayGiven({ say, warn }: Terminal, { effective, proposals }: GivenSamples, count: number): void {
  const worth = formatCount(Math.round(effective));
  say(`effective sample size ${worth}, from ${formatCount(proposals)} samples of the run`);
  if (effective < WORTH * count)
    warn(
      `only ${worth} of ${formatCount(count)} rows are independent: many are copies; give fewer columns, or use them as ${worth} rows`,
    );
}

function sayPrivacy({ say }: Terminal, { sampled, heldOut, near }: Privacy): void {
  say(
    `distance to the nearest training row: median ${sampled.toPrecision(3)} of sampled rows, ${heldOut.toPrecision(3)} of held-out rows`,
  );
  say(
    `${(100 * near).toFixed(1)} % of the sampled rows are nearer than 99 % of the held-out rows (expected: 1 %)`,
  );
}

async function privacyOfRun({ config: { data } }: SavedRun, schema: TableSchema, sampled: Float32Array) {
  const all = await readRows(data.name, { ...data.reading, schema });
  const part = (rows: Uint32Array): Float32Array => pickRows(all, rows).rows;
  return privacyOf(schema, {
    sampled,
    heldOut: part(rowsOfSplit(all.count, "test")),
    training: part(rowsOfSplit(all.count, "train").subarray(0, data.examples)),
  });
}

/** @throws UsageError for flags that need a run of a table */
export function expectTableFlags({
  given,
  privacy,
}: Pick<Partial<TableSampling>, "given" | "privacy">): void {
  const flag = given !== undefined ? "--given" : privacy ? "--privacy" : undefined;
  if (flag !== undefined)
    throw new UsageError(`${flag} is for runs of a table with named columns\nleave it out`);
}
