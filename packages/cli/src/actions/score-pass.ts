import { fileHashes } from "../data/file-hashes.js";
import { rowsOfSplit } from "../data/table/split-rows.js";
import { conformalP, smallestP } from "../detect/calibration.js";
import { type OpenDetector, takeRows } from "../detect/detector.js";
import { discoveryThreshold } from "../detect/discoveries.js";
import type { ScoreKind } from "../detect/score-kinds.js";
import type { TableDetector } from "../detect/table-detector.js";
import type { RunConfig } from "../format/config.js";
import type { Terminal } from "../ui/terminal.js";
import { allDetectorRows, detectorRows } from "./detector-rows.js";
import { FALSE_ALARMS } from "./judge-rows.js";

/** Scored rows [n, width] in one piece. */
export type Scored = Readonly<{ names: readonly string[]; rows: Float32Array; scores: Float64Array }>;

/** Passes over the rows that are scored; each begins behind so many of them, which are read but not scored. */
export type Pass = (skip: number) => AsyncGenerator<Scored>;

export type ScoreSource = Readonly<{
  found: TableDetector;
  open: OpenDetector;
  kind: ScoreKind;
  config: RunConfig;
  files: readonly string[];
  flags: Readonly<{ limit?: number; id?: string; where?: string }>;
}>;

/** The rows of the files, or the test rows of the run's own table; `skip` of them, whole blocks, come no more. */
export async function* scoredRows(
  source: ScoreSource,
  { warn }: Pick<Terminal, "warn">,
  skip = 0,
): AsyncGenerator<Scored> {
  const { found, open, kind, config, files, flags } = source;
  const { inputs, detector } = found;
  const schema = config.data.reading!.schema!;
  const options = { schema, inputs, id: flags.id, warn };
  let left = flags.limit ?? Number.POSITIVE_INFINITY;
  let before = skip;
  const scored = async (
    rows: Float32Array,
    names: readonly string[],
    own?: Int32Array,
  ): Promise<Scored | undefined> => {
    const count = Math.min(left, names.length);
    left -= count;
    if (before > 0) {
      before -= count;
      return undefined;
    }
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
    const piece = await scored(takeRows(all.rows, detector.spaces.width, test), names);
    if (piece) yield piece;
    return;
  }
  for (const file of files) {
    const places = await placesIn(file, config, detector.places);
    const prefix = files.length > 1 ? `${file}#` : "";
    for await (const { rows, names, numbers } of detectorRows(file, { ...options, where: flags.where })) {
      const own = places && Int32Array.from(names, (_, i) => places.get(numbers[i]! - 1) ?? -1);
      const called = names.map((name) => prefix + name);
      const piece = await scored(rows, called, own);
      if (piece) yield piece;
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
export async function thresholdOf(
  { calibrations }: TableDetector,
  kind: ScoreKind,
  { falseAlarms, fdr }: Readonly<{ falseAlarms?: number; fdr?: number }>,
  pass: Pass,
  { warn }: Pick<Terminal, "warn">,
): Promise<number> {
  const calibration = calibrations[kind];
  const least = smallestP(calibration);
  if (fdr !== undefined) {
    const counts = new Float64Array(calibration.scores.length + 1);
    let rows = 0;
    for await (const { scores } of pass(0)) {
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
