import { type Executor, UsageError } from "@flowify/core";
import type { CommonFlags, ImagesFlags } from "../commands/shared.js";
import type { CliContext } from "../context.js";
import { fileHashes } from "../data/file-hashes.js";
import type { EncodedRows } from "../data/table/encode-rows.js";
import { rowsOfSplit } from "../data/table/table-file.js";
import { conformalP, smallestP } from "../detect/calibration.js";
import { type OpenDetector, openDetector, takeRows } from "../detect/detector.js";
import { readDetector, type TableDetector } from "../detect/detector-file.js";
import { discoveryThreshold } from "../detect/discoveries.js";
import { formatOf, type ScoreFormat } from "../detect/score-formats.js";
import type { ScoreKind } from "../detect/score-kinds.js";
import { type ScoreColumn, scoreWriter } from "../detect/write-scores.js";
import { openExecutor } from "../executors.js";
import type { RunConfig } from "../format/config.js";
import { type Write, writeAtomic } from "../run/atomic.js";
import { expectPlaceFor, runPaths } from "../run/folder.js";
import { formatCount } from "../ui/format.js";
import { printable } from "../ui/printable.js";
import { createTerminal, type OutputStream, type Terminal } from "../ui/terminal.js";
import { allDetectorRows, detectorRows } from "./detector-rows.js";
import { type Reasoner, reasonsOfFlagged } from "./flagged-rows.js";
import { FALSE_ALARMS, judgeOf } from "./judge-rows.js";
import { withModel } from "./open-run.js";
import { flaggedReasons } from "./row-reasons.js";
import { idHeader } from "./table-rows.js";

export type TableScoreFlags = Omit<CommonFlags, "json"> &
  Pick<ImagesFlags, "data" | "limit"> & {
    score?: ScoreKind | "likelihood";
    falseAlarms?: number;
    reasons?: number;
    fdr?: number;
    format?: ScoreFormat;
    out?: string;
    id?: string;
  };

/** Scored rows in one piece. */
type Scored = Readonly<{ names: readonly string[]; scores: Float64Array; encoded?: EncodedRows | undefined }>;

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
  const id = idHeader(schema, flags.id, ["score", "p", "flag"]);
  const scoreOn = async (executor: Executor, reasoner?: Reasoner): Promise<void> => {
    const more = reasoner?.reasons.fields.map((name): ScoreColumn => ({ name, type: "text" })) ?? [];
    const columns: ScoreColumn[] = [{ name: id, type: "text" }, ...fields, ...more];
    const open = await openDetector(executor, found.detector);
    try {
      const source = { found, open, kind, config, files, flags };
      const pass: Pass = () => scoredRows(source, terminal);
      const threshold = await thresholdOf(found, kind, flags, pass, terminal);
      const calibration = found.calibrations[kind];
      const totals = { rows: 0, flagged: 0 };
      const write = async (to: Write): Promise<void> => {
        const writer = scoreWriter(format, columns, to);
        for await (const { names, scores, encoded } of pass()) {
          const rows = names.map((name, i) => {
            const p = conformalP(calibration, scores[i]!);
            const flag = Number(p <= threshold);
            totals.flagged += flag;
            return [name, scores[i]!, p, flag] as const;
          });
          totals.rows += rows.length;
          const texts = reasoner && encoded ? await reasonsOfFlagged(reasoner, encoded, rows) : [];
          await writer.add(rows.map((row, i) => [...row, ...(texts[i] ?? [])] as const));
        }
        await writer.end();
      };
      await (out === undefined ? write(standardOutput(stdout)) : writeAtomic(out, write));
      terminal.note(
        `${formatCount(totals.rows)} rows of ${files.join(", ") || `the test rows of ${config.data.name}`}: ${formatCount(totals.flagged)} flagged at ${flags.fdr === undefined ? `false alarms of ${flags.falseAlarms ?? FALSE_ALARMS}` : `a false discovery rate of ${flags.fdr}`}${out ? `; scores: ${out}` : ""}`,
      );
      for (const line of reasoner?.reasons.lines() ?? []) terminal.note(line);
    } finally {
      await open.dispose();
    }
  };
  const { reasons } = flags;
  if (reasons !== undefined)
    return withModel(folder, flags, terminal, async (model, run) => {
      const judge = judgeOf(run, flags, folder, terminal);
      await scoreOn(model.executor, { model, reasons: await flaggedReasons(model, run, reasons, judge) });
    });
  const executor = await openExecutor(flags.device ?? "auto", terminal, flags);
  try {
    await scoreOn(executor);
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
  const options = { schema, inputs, id: flags.id, forNetwork: flags.reasons !== undefined, warn };
  let left = flags.limit ?? Number.POSITIVE_INFINITY;
  const scored = async (
    rows: Float32Array,
    names: readonly string[],
    own?: Int32Array,
    encoded?: EncodedRows,
  ): Promise<Scored> => {
    const count = Math.min(left, names.length);
    left -= count;
    const { [kind]: scores } = await open.score(
      rows.subarray(0, count * detector.spaces.width),
      [kind],
      own?.subarray(0, count),
    );
    return { names: names.slice(0, count), scores, encoded };
  };
  if (files.length === 0) {
    const all = await allDetectorRows(config.data.name, options);
    const test = rowsOfSplit(all.names.length, "test");
    const names = Array.from(test, (row) => all.names[row]!);
    yield await scored(takeRows(all.rows, detector.spaces.width, test), names);
    return;
  }
  for (const file of files) {
    const places = await placesIn(file, config, detector.places);
    const prefix = files.length > 1 ? `${file}#` : "";
    for await (const { rows, names, first, encoded } of detectorRows(file, options)) {
      const own = places && Int32Array.from(names, (_, i) => places.get(first + i) ?? -1);
      yield await scored(
        rows,
        names.map((name) => prefix + name),
        own,
        encoded,
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
  const known = data.files?.[0]?.sha256;
  if (known === undefined) return undefined;
  const [own] = (await fileHashes(file)) ?? [];
  return own?.sha256 === known
    ? new Map(Array.from(places, (row, place) => [row, place] as const))
    : undefined;
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
    for await (const { scores } of pass())
      for (const score of scores) counts[Math.round(conformalP(calibration, score) / least) - 1]!++;
    return discoveryThreshold(counts, fdr);
  }
  const most = falseAlarms ?? FALSE_ALARMS;
  if (least > most)
    warn(
      `no row can be flagged at false alarms of ${most}: ${calibration.scores.length} held-out rows tell probabilities from ${least.toPrecision(2)} on; choose --false-alarms above that, or train on more rows`,
    );
  return most;
}
