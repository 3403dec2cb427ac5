import { UsageError } from "@flowify/core";
import type { CommonFlags, ImagesFlags } from "../commands/shared.js";
import type { CliContext } from "../context.js";
import { fileHashes } from "../data/file-hashes.js";
import { rowsOfSplit } from "../data/table/split-rows.js";
import { conformalP, smallestP } from "../detect/calibration.js";
import { idHeader, type ScoreColumn } from "../detect/csv-scores.js";
import { type OpenDetector, openDetector, takeRows } from "../detect/detector.js";
import { readDetector } from "../detect/detector-file.js";
import { discoveryThreshold } from "../detect/discoveries.js";
import { tableReasoner } from "../detect/reasons/table-reasons.js";
import { formatOf, type ScoreFormat } from "../detect/score-formats.js";
import type { ScoreKind } from "../detect/score-kinds.js";
import type { TableDetector } from "../detect/table-detector.js";
import { scoreWriter } from "../detect/write-scores.js";
import { openExecutor } from "../executors.js";
import type { RunConfig } from "../format/config.js";
import { type Write, writeAtomic } from "../run/atomic.js";
import { expectPlaceFor, runPaths } from "../run/folder.js";
import { formatCount } from "../ui/format.js";
import { printable } from "../ui/printable.js";
import { createTerminal, type OutputStream, type Terminal } from "../ui/terminal.js";
import { allDetectorRows, detectorRows } from "./detector-rows.js";
import { FALSE_ALARMS } from "./judge-rows.js";
import { reasonCells } from "./row-reasons.js";

export type TableScoreFlags = Omit<CommonFlags, "json"> &
  Pick<ImagesFlags, "data" | "limit"> & {
    score?: ScoreKind | "likelihood";
    falseAlarms?: number;
    fdr?: number;
    reasons?: number;
    format?: ScoreFormat;
    out?: string;
    id?: string;
    where?: string;
  };

/** Scored rows [n, width] in one piece. */
type Scored = Readonly<{ names: readonly string[]; rows: Float32Array; scores: Float64Array }>;

/** Passes over the rows that are scored; each begins from the first one. */
type Pass = () => AsyncGenerator<Scored>;

/** Scores the rows of tables by the detector of a run, a block at a time: memory does not grow with their number. */
export async function scoreTables(
  { host }: CliContext,
  flags: TableScoreFlags,
  folder: string,
  config: RunConfig,
  files: readonly string[],
): Promise<void> {
  const { stdout, stderr, env } = host;
  const { out, quiet = false } = flags;
  const kind = flags.score === "likelihood" ? "combination" : (flags.score ?? "combination");
  const terminal = createTerminal({ stdout: stderr, stderr, env, quiet });
  if (flags.fdr !== undefined && flags.falseAlarms !== undefined)
    throw new UsageError("--fdr and --false-alarms exclude each other\nname one of them");
  const format = flags.format ?? formatOf(out) ?? "csv";
  if (format === "parquet" && out === undefined)
    throw new UsageError("--format parquet needs a file\nname one with --out scored.parquet");
  if (out !== undefined) expectPlaceFor(out);
  const found = readDetector(runPaths(folder).detector, folder);
  const schema = config.data.reading!.schema!;
  const fields: ScoreColumn[] = [
    { name: "score", type: "number" },
    { name: "p", type: "number" },
    { name: "flag", type: "flag" },
  ];
  const executor = await openExecutor(flags.device ?? "auto", terminal, flags);
  try {
    const open = await openDetector(executor, found.detector);
    try {
      const source = { found, open, kind, config, files, flags };
      const pass: Pass = () => scoredRows(source, terminal);
      const threshold = await thresholdOf(found, kind, flags, pass, terminal);
      const calibration = found.calibrations[kind];
      const reasons =
        flags.reasons === undefined
          ? undefined
          : reasonCells(tableReasoner(found, open, kind, threshold), flags.reasons);
      const written = [...fields, ...(reasons?.columns ?? [])];
      const id = idHeader(
        schema,
        flags.id,
        written.map(({ name }) => name),
      );
      const columns: ScoreColumn[] = [{ name: id, type: "text" }, ...written];
      const { width } = found.detector.spaces;
      const totals = { rows: 0, flagged: 0 };
      const write = async (to: Write): Promise<void> => {
        const writer = scoreWriter(format, columns, to);
        for await (const { names, scores, rows } of pass()) {
          const judged = names.map((name, place) => {
            const score = scores[place]!;
            const row = rows.subarray(place * width, (place + 1) * width);
            return { place, name, score, p: conformalP(calibration, score), row };
          });
          const flagged = judged.filter(({ p }) => p <= threshold);
          const more = await reasons?.cells(flagged, names.length);
          totals.flagged += flagged.length;
          totals.rows += names.length;
          await writer.add(
            judged.map(
              ({ name, score, p, place }) =>
                [name, score, p, Number(p <= threshold), ...(more?.[place] ?? [])] as const,
            ),
          );
        }
        await writer.end();
      };
      await (out === undefined ? write(standardOutput(stdout)) : writeAtomic(out, write));
      terminal.note(
        `${formatCount(totals.rows)} rows of ${files.join(", ") || `the test rows of ${config.data.name}`}: ${formatCount(totals.flagged)} flagged at ${flags.fdr === undefined ? `false alarms of ${flags.falseAlarms ?? FALSE_ALARMS}` : `a false discovery rate of ${flags.fdr}`}${out ? `; scores: ${out}` : ""}`,
      );
      for (const line of reasons?.lines() ?? []) terminal.note(line);
    } finally {
      await open.dispose();
    }
  } finally {
    await executor.dispose();
  }
}

/** Escapes control characters in names on a terminal. */
const standardOutput = (stdout: OutputStream) => async (lines: Uint8Array | string) => {
  const text = String(lines);
  stdout.write(stdout.isTTY === true ? text.split("\n").map(printable).join("\n") : text);
};

type Source = Readonly<{
  found: TableDetector;
  open: OpenDetector;
  kind: ScoreKind;
  config: RunConfig;
  files: readonly string[];
  flags: TableScoreFlags;
}>;

/** The rows of the files, or the test rows of the run's own table. */
async function* scoredRows(source: Source, { warn }: Terminal): AsyncGenerator<Scored> {
  const { found, open, kind, config, files, flags } = source;
  const { inputs, detector } = found;
  const schema = config.data.reading!.schema!;
  const options = { schema, inputs, id: flags.id, warn };
  let left = flags.limit ?? Number.POSITIVE_INFINITY;
  const scored = async (rows: Float32Array, names: readonly string[], own?: Int32Array): Promise<Scored> => {
    const count = Math.min(left, names.length);
    left -= count;
    const some = rows.subarray(0, count * detector.spaces.width);
    const { [kind]: scores } = await open.score(some, [kind], own?.subarray(0, count));
    return { names: names.slice(0, count), rows: some, scores };
  };
  if (files.length === 0) {
    const all = await allDetectorRows(config.data.name, {
      ...options,
      where: config.data.reading?.where,
    });
    const test = rowsOfSplit(all.names.length, "test");
    const names = Array.from(test, (row) => all.names[row]!);
    yield await scored(takeRows(all.rows, detector.spaces.width, test), names);
    return;
  }
  for (const file of files) {
    const places = await placesIn(file, config, detector.places);
    const prefix = files.length > 1 ? `${file}#` : "";
    for await (const { rows, names, numbers } of detectorRows(file, { ...options, where: flags.where })) {
      const own = places && Int32Array.from(names, (_, i) => places.get(numbers[i]! - 1) ?? -1);
      yield await scored(
        rows,
        names.map((name) => prefix + name),
        own,
      );
      if (left === 0) return;
    }
  }
}

/** Where the file is the one that the run was trained on: the places of its rows in the reference. No row is compared with itself. */
async function placesIn(
  file: string,
  { data }: RunConfig,
  places: Uint32Array,
): Promise<ReadonlyMap<number, number> | undefined> {
  const known = data.files;
  const own = known && (await fileHashes(file));
  const isSame =
    own?.length === known?.length && own?.every(({ sha256 }, i) => sha256 === known?.[i]?.sha256);
  return isSame ? new Map(Array.from(places, (row, place) => [row, place] as const)) : undefined;
}

/** The p-value up to which rows are flagged. For a false discovery rate all rows are scored once before. */
async function thresholdOf(
  { calibrations }: TableDetector,
  kind: ScoreKind,
  { falseAlarms, fdr }: TableScoreFlags,
  pass: Pass,
  { warn }: Terminal,
): Promise<number> {
  const calibration = calibrations[kind];
  const least = smallestP(calibration);
  if (fdr !== undefined) {
    const counts = new Float64Array(calibration.scores.length + 1);
    let rows = 0;
    for await (const { scores } of pass()) {
      rows += scores.length;
      for (const score of scores) counts[Math.round(conformalP(calibration, score) / least) - 1]!++;
    }
    const threshold = discoveryThreshold(counts, fdr);
    const fewest = Math.ceil((least * rows) / fdr);
    if (threshold === 0 && counts[0]! < fewest)
      warn(
        `no row is flagged at a false discovery rate of ${fdr}: ${calibration.scores.length} held-out rows tell probabilities from ${least.toPrecision(2)} on, so at least ${fewest} rows would have to be odder than all of them; train on more rows, or use --false-alarms`,
      );
    return threshold;
  }
  const most = falseAlarms ?? FALSE_ALARMS;
  if (least > most)
    warn(
      `no row can be flagged at false alarms of ${most}: ${calibration.scores.length} held-out rows tell probabilities from ${least.toPrecision(2)} on; choose --false-alarms above that, or train on more rows`,
    );
  return most;
}
