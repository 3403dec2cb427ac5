import { existsSync } from "node:fs";
import { DataError } from "@flowify/core";
import { isImageFile, readImageFile } from "../data/image-files.js";
import { type DataSet, describeImages, examplesOf, imagesOf, isRowShape } from "../data/image-set.js";
import { isDataSet, loadMeasured } from "../data/registry.js";
import { isTable } from "../data/table/sources/open-table.js";
import { rowsOfSplit } from "../data/table/split-rows.js";
import { isFolder } from "../files/place.js";
import { readingOf } from "../flags/shared.js";
import { expectFit } from "../networks/choose.js";
import { valuesAt } from "../places.js";
import { takeRows } from "../rows.js";
import type { RunConfig } from "../run-config.js";
import { imagesFor, type SavedRun, usualReading } from "../runs/open-run.js";
import { tableColumns } from "../tables/columns/kinds.js";
import { flowRows } from "../tables/flow-rows.js";
import { openEncodedTable, readRows } from "../tables/read-rows.js";
import { countOf } from "../ui/format.js";
import type { Terminal } from "../ui/terminal.js";
import type { ScoreFlags } from "./score-flags.js";

/** Images per call of the model. */
const AT_ONCE = 256;

/**
 * Images or rows in one piece, what each is called, and once a source the words for all of it. `fillLog`: log densities of the
 * noise in place of missing values, which are no part of log p.
 */
type Named = Readonly<{
  images: Uint8Array | Float32Array;
  names: readonly string[];
  fillLog?: Float64Array;
  source?: string;
}>;

/** Examples whose scores have not come yet. */
export type Waiting = { names: string[]; fillLog: number[]; sources: string[]; taken: number };

/** What is to be scored: tables a block at a time, other data as they are read. */
export function sourceOf(
  run: SavedRun,
  flags: ScoreFlags,
  files: readonly string[],
  { warn }: Terminal,
): AsyncGenerator<Named> {
  const { schema } = run.config.data.reading ?? {};
  const tables = flags.data === undefined ? files : [flags.data];
  const { seed = 0, id, where } = flags;
  if (schema && flags.split === undefined) {
    if (tables.length === 0) return ownTestRows(run.config);
    if (tables.every((file) => isTable(file, schema)))
      return rowsOfTables(tables, { schema, id, where, warn }, seed);
  }
  return files.length > 0 ? examplesOfFiles(run, flags, files) : ownExamples(run, flags);
}

/**
 * The rows of tables, a block at a time: memory does not grow with their number. Rows are called by their id, else by their
 * number from 1 on.
 *
 * @throws DataError for a table that does not fit the schema
 */
async function* rowsOfTables(
  files: readonly string[],
  options: Parameters<typeof openEncodedTable>[1],
  seed: number,
): AsyncGenerator<Named> {
  const columns = tableColumns(options.schema);
  for (const file of files) {
    const table = await openEncodedTable(file, options);
    const prefix = files.length > 1 ? `${file}#` : "";
    let before = 0;
    for await (const { rows: encoded, names } of table.rows()) {
      const { rows, fillLog } = flowRows(columns, encoded, { seed, before });
      const called = names.map((name) => `${prefix}${name}`);
      yield { images: rows, names: called, fillLog, ...(before === 0 && { source: file }) };
      before += names.length;
    }
    table.end();
  }
}

/** The test rows of a run's own table. */
async function* ownTestRows({ data }: RunConfig): AsyncGenerator<Named> {
  const { rows, fillLog, names, count, rowNames } = await readRows(data.name, data.reading);
  const test = rowsOfSplit(count, "test");
  yield {
    images: takeRows(rows, names.length, test),
    fillLog: Float64Array.from(valuesAt(fillLog, test)),
    names: valuesAt(rowNames, test),
    source: `${countOf(test.length, "test row")} of ${data.name}`,
  };
}

async function* ownExamples(run: SavedRun, flags: ScoreFlags): AsyncGenerator<Named> {
  const set = await imagesFor(run, flags);
  yield* pieces(set, describeImages(set), namesOf(set) ? `${set.name}/` : `${set.name}/${set.split}#`);
}

/** The source pictures of the images. */
const namesOf = (set: DataSet): readonly string[] | undefined => ("names" in set ? set.names : undefined);

/** The images or rows of each named file, folder or data set, one after another. */
async function* examplesOfFiles(
  run: SavedRun,
  flags: ScoreFlags,
  files: readonly string[],
): AsyncGenerator<Named> {
  const { shape } = run.config.data;
  for (const file of files) {
    if (isImageFile(file) && !isFolder(file) && !isRowShape(shape)) {
      const { images, names } = await readImageFile(file, shape, {
        ...usualReading(run),
        ...readingOf(flags),
      });
      yield {
        images,
        names,
        source:
          names.length === 1 ? file : `${file} (${imagesOf({ count: names.length, split: "all", shape })})`,
      };
      continue;
    }
    if (!existsSync(file) && !isDataSet(file))
      throw new DataError(`${file}: no such file or folder, and no data set has this name`);
    const set = await loadMeasured({
      name: file,
      dir: flags.dataDir,
      reading: readingOf(flags),
      usual: usualReading(run),
    });
    expectFit(run.network, set);
    yield* pieces(set, `${file} (${imagesOf(set)})`, namesOf(set) ? `${file}/` : `${file}#`);
  }
}

/** A set in pieces; `prefix` is put before the name of a picture or the number of an image. */
function* pieces(set: DataSet, source: string, prefix: string): Generator<Named> {
  const examples = examplesOf(set);
  const size = examples.length / set.count;
  const pictures = namesOf(set);
  for (let begin = 0; begin < set.count; begin += AT_ONCE) {
    const end = Math.min(begin + AT_ONCE, set.count);
    const names = Array.from(
      { length: end - begin },
      (_, i) => `${prefix}${pictures?.[begin + i] ?? begin + i}`,
    );
    yield { images: examples.subarray(begin * size, end * size), names, ...(begin === 0 && { source }) };
  }
}

/** The images of the first `limit`, whose names and sources are noted until their scores come. */
export async function* remember(
  pieces: AsyncIterable<Named>,
  waiting: Waiting,
  limit: number,
): AsyncGenerator<Uint8Array | Float32Array> {
  for await (const { images, names: own, fillLog, source } of pieces) {
    if (source !== undefined) waiting.sources.push(source);
    const kept = own.slice(0, limit - waiting.taken);
    waiting.names.push(...kept);
    waiting.fillLog.push(...kept.map((_, i) => fillLog?.[i] ?? 0));
    waiting.taken += kept.length;
    yield images.subarray(0, (images.length / own.length) * kept.length);
    if (waiting.taken >= limit) return;
  }
}
