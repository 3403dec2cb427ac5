import { join } from "node:path";
import { UsageError } from "@flowify/core";
import { buildRouteMap } from "@stricli/core";
import { describeImageSet } from "../data/describe-images.js";
import { publishedSets } from "../data/published.js";
import { dataSetBriefs, holdsImages, whereIs } from "../data/registry.js";
import { percent, valuesOf } from "../data/table/column-words.js";
import { findSchema } from "../data/table/find-schema.js";
import { lookAlikeHints } from "../data/table/look-alikes.js";
import type { ColumnSchema, TableSchema } from "../data/table/schema.js";
import { openTable } from "../data/table/sources/open-table.js";
import { keepNamedInput } from "../data/table/sources/standard-input.js";
import { extractFiles } from "../data/tar.js";
import { fetchFile, type PublishedFile } from "../download/fetch-file.js";
import { defineCommand, type Running } from "../flags/define.js";
import { expectNone, type FlagsOf, text, value } from "../flags/flag.js";
import { webAddress } from "../flags/parsers.js";
import {
  argument,
  calendarFlag,
  commonFlags,
  missingFlag,
  readingOf,
  readingParameters,
  whereFlag,
} from "../flags/shared.js";
import { relatedColumns } from "../tables/read-rows.js";
import { countOf, formatCount, table, unknownName } from "../ui/format.js";
import { createProgress, type Progress } from "../ui/progress.js";
import type { Terminal } from "../ui/terminal.js";

const getFlags = {
  out: text("DIR", "Folder for its files (default: data/NAME, where --data NAME looks)"),
  mirror: value(webAddress, "URL", "Mirror that holds the same files"),
  json: commonFlags.json,
  quiet: commonFlags.quiet,
};

type DataGetFlags = FlagsOf<typeof getFlags>;

export const getCommand = defineCommand({
  args: [argument("NAME", "Data set; flowify data list shows the names")],
  flags: getFlags,
  brief: "Download a data set from its publisher",
  help: `Downloads the files of a data set and verifies their published checksums. An interrupted download
resumes where it stopped, also in a later call. A busy server is asked again after growing
pauses. A file appears under its name only when it is complete.

EXAMPLES
  flowify data get fashion-mnist
  flowify data get cifar10 --out ~/data/cifar10
  flowify data get mnist --mirror https://example.org/mnist/`,
  run: getData,
});

const listFlags = { json: commonFlags.json };

export const listCommand = defineCommand({
  flags: listFlags,
  brief: "List the named data sets and their folders on this machine",
  help: `EXAMPLES
  flowify data list`,
  run: listData,
});

const describeFlags = {
  where: whereFlag,
  calendar: calendarFlag,
  missing: missingFlag,
  ...readingParameters,
  json: commonFlags.json,
};

type DataDescribeFlags = FlagsOf<typeof describeFlags>;

export const describeCommand = defineCommand({
  args: [
    argument(
      "FILE",
      "Table: .csv, .tsv, .json, .jsonl, .parquet or .arrow; a pattern in quotes; - for standard input; or images",
    ),
  ],
  flags: describeFlags,
  brief: "Show the columns of a table, or the images of a folder",
  help: `Shows each column of a table as flowify train would use it: its type, the share of missing
values, the distinct values, the range and a histogram. Values that many rows share are named.
Constant columns, identifiers and free text are left out of training. Numbers and dates that are
those of another column in many rows, or never above it, are named: samples are so, too.

Of pictures in a folder or archive, of idx files and of named data sets it shows splits, size and
classes. It fails where flowify train would.

--where needs DuckDB: npm install @duckdb/node-api. Its condition sees one row at a time.

EXAMPLES
  flowify data describe payments.csv
  flowify data describe 'payments-*.csv.gz' --where "amount > 100 AND shop = 'web'"
  flowify data describe payments.parquet --json
  flowify data describe photographs --size 64x64`,
  run: describeData,
});

export const dataCommands = buildRouteMap({
  routes: { get: getCommand, list: listCommand, describe: describeCommand },
  docs: { brief: "Download, list and describe data sets" },
});

const KILO = 1000;

async function getData({ terminal }: Running, flags: DataGetFlags, name: string): Promise<void> {
  const { quiet = false, mirror, out = join("data", name) } = flags;
  const set = Object.hasOwn(publishedSets, name) ? publishedSets[name] : undefined;
  if (set === undefined) throw new UsageError(unknownName("data set", name, Object.keys(publishedSets)));
  const files: string[] = [];
  for (const [file, published] of Object.entries(set.files)) {
    const path = join(out, file);
    const from = mirror === undefined ? published : { ...published, url: new URL(file, mirror).href };
    const fetched = await fetchShown(from, path, file, terminal);
    terminal.note(
      `${path}: ${fetched ? "fetched" : "already present"}, ${published.checksum.kind} ${published.checksum.value}`,
    );
    files.push(...(set.unpack ? await extractFiles(path, set.unpack, out) : [path]));
  }
  const training =
    flags.out === undefined
      ? `flowify train --data ${name}`
      : `flowify train --data ${name} --data-dir ${out}`;
  if (!quiet) terminal.say(`${countOf(files.length, "file")} in ${out}; train on them with ${training}`);
  terminal.document({ dataset: name, folder: out, files });
}

/** Downloads a file with a progress line: kilobytes, rate, time left. */
async function fetchShown(
  from: PublishedFile,
  path: string,
  label: string,
  terminal: Terminal,
): Promise<boolean> {
  let progress: Progress | undefined;
  let [begun, started] = [0, 0];
  const end = (): void => {
    progress?.finish();
    progress = undefined;
  };
  try {
    return await fetchFile(from, path, {
      onBytes: (done, total = done) => {
        if (progress === undefined) {
          [begun, started] = [done, performance.now()];
          progress = createProgress(terminal, {
            label,
            total: Math.ceil(total / KILO),
            done: Math.floor(done / KILO),
          });
        }
        const rate = (done - begun) / Math.max(1, performance.now() - started); // kB/s
        progress.update(Math.ceil(done / KILO), `kB  ${formatCount(rate)} kB/s`);
      },
      onRetry: (why, pause) => {
        end();
        terminal.warn(`${from.url}: ${why}; retrying in ${pause / 1000} s`);
      },
    });
  } finally {
    end();
  }
}

async function listData({ terminal }: Running): Promise<void> {
  const datasets = [];
  for (const [name, brief] of dataSetBriefs)
    datasets.push({ name, brief, folder: await whereIs(name), bytes: publishedSets[name]?.bytes });
  const rows = datasets.map(({ name, brief, folder, bytes }) => [
    name,
    brief,
    bytes === undefined ? "" : `${formatCount(bytes / 1e6)} MB`,
    folder ?? (bytes === undefined ? "not present" : `not present; flowify data get ${name}`),
  ]);
  for (const line of table(rows, [false, false, true])) terminal.say(line);
  terminal.document({ datasets });
}

/** Heights of a bar, an eighth of a line each. */
const BARS = " ▁▂▃▄▅▆▇█";

async function describeData({ terminal }: Running, flags: DataDescribeFlags, file: string): Promise<void> {
  const { where: _w, calendar: _c, missing: _m, ...pictures } = flags;
  const reading = readingOf(pictures);
  if (reading || holdsImages(file)) {
    expectNone(flags, ["where", "calendar", "missing"], "is for tables\nleave it out");
    const { lines, document } = await describeImageSet({ name: file, reading });
    for (const line of lines) terminal.say(line);
    return terminal.document({ file, splits: document });
  }
  await keepNamedInput([file]);
  const opened = await openTable(file, flags);
  const found = await findSchema(file, opened, {
    ...(flags.calendar && { calendar: flags.calendar }),
  });
  const schema = await relatedColumns(file, opened, found);
  terminal.say(`${countOf(schema.rows, "row")}, ${countOf(schema.columns.length, "column")} in ${file}`);
  for (const note of opened.notes) terminal.say(note);
  terminal.say();
  for (const line of table(linesOf(schema), [false, false, true, true])) terminal.say(line);
  const remarks = [
    ...schema.columns.flatMap((column) => remarksOf(column, schema.rows)),
    ...lookAlikeHints(schema.columns),
    ...relationsOf(schema),
  ];
  if (remarks.length > 0) terminal.say();
  for (const remark of remarks) terminal.say(remark);
  terminal.document({ file, notes: opened.notes, ...schema });
}

function linesOf({ rows, columns }: TableSchema): string[][] {
  return [
    ["column", "type", "missing", "distinct", "values", "histogram"],
    ...columns.map((column) => [
      column.name,
      column.type,
      percent(column.missing / Math.max(1, rows)),
      `${formatCount(column.distinct)}${column.uncounted ? "+" : ""}`,
      valuesOf(column),
      column.histogram ? bars(column.histogram) : "",
    ]),
  ];
}

/** One letter a bin; the tallest bin is full, and no bin with rows in it is empty. */
function bars(histogram: readonly number[]): string {
  const tallest = Math.max(1, ...histogram);
  return histogram.map((rows) => BARS[Math.ceil((rows / tallest) * (BARS.length - 1))]).join("");
}

function remarksOf(column: ColumnSchema, rows: number): string[] {
  const { name, type, use, spikes = [], problem, range } = column;
  if (problem !== undefined)
    return [`"${name}": ${problem}; training refuses the column until this is corrected`];
  if (use === "none" && rows > 0)
    return [`"${name}": left out of training, ${type === "text" ? "free text" : `as ${type}`}`];
  if (!range || spikes.length === 0) return [];
  return [`"${name}": ${spikes.map(({ value, share }) => `${percent(share)} are ${value}`).join(", ")}`];
}

/** Relations that are shown. */
const SHOWN = 20;

/** How columns of numbers and dates are related, a line each. */
function relationsOf({ columns, never = [], rows }: TableSchema): string[] {
  const equal = columns.flatMap(({ name, equals }) => (equals ? [{ name, ...equals }] : []));
  const lines = equal.map(
    ({ name, column, share, above }) =>
      `"${name}" is that of "${column}" in ${percent(share)} of the rows${above ? ", and never below it" : ""}`,
  );
  for (const { column, above, exceptions = 0 } of never)
    if (!equal.some((a) => a.above && a.name === above && a.column === column))
      lines.push(
        `"${column}" is never above "${above}"${exceptions > 0 ? `, but in ${formatCount(exceptions)} of ${countOf(rows, "row")}` : ""}`,
      );
  const others = lines.length - SHOWN;
  return others > 0 ? [...lines.slice(0, SHOWN), `and ${others} more, which --json has`] : lines;
}
