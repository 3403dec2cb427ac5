import { rowsOfSplit } from "../data/table/split-rows.js";
import { calibrationOf } from "../detect/calibration.js";
import { writeCalibration } from "../detect/calibration-file.js";
import { encodeDetector } from "../detect/detector-bytes.js";
import { withIdentity } from "../detect/detector-file.js";
import { fitTableDetector } from "../detect/table-detector.js";
import { withExecutor } from "../executors.js";
import { writeFileAtomic } from "../files/atomic.js";
import type { CommonFlags } from "../flags/shared.js";
import { valueAt } from "../places.js";
import { takeRows } from "../rows.js";
import type { RunConfig } from "../run-config.js";
import { readRunConfig } from "../runs/config-file.js";
import { runPaths } from "../runs/folder.js";
import { withModel } from "../runs/open-run.js";
import { openEncodedTable, readRows } from "../tables/read-rows.js";
import { countOf } from "../ui/format.js";
import type { Terminal } from "../ui/terminal.js";

/** Steps of the detector's flow at most; a shorter run has a shorter one. */
const STEPS = 400;

/** The bytes of a detector's file, and how many rows it was calibrated on. */
export type FittedDetector = Readonly<{ bytes: Uint8Array; judged: number }>;

/** A detector of the training rows of a run's table, calibrated on the test rows. */
export async function fittedDetector(
  { data, training, contaminated }: Omit<RunConfig, "device">,
  flags: CommonFlags,
  terminal: Pick<Terminal, "warn">,
): Promise<FittedDetector | undefined> {
  const { seed, steps } = training;
  const { schema, where } = data.reading ?? {};
  if (!schema) return undefined;
  const columns = schema.columns.filter(({ use }) => use === "model");
  const table = await openEncodedTable(data.name, { schema, where, warn: () => {} });
  const { rows, numbers, names } = await table.all();
  // its arrays are small: more threads wait for each other
  return withExecutor({ ...flags, threads: flags.threads ?? 1 }, terminal, async (executor) => {
    const options = { contaminated: contaminated === true, seed, steps: Math.min(STEPS, steps) };
    const fitted = await fitTableDetector(executor, rows, columns, options, rowsOf(data), {
      numbers,
      names: schema.columns.some(({ use }) => use === "id") ? names : undefined,
    });
    return { bytes: encodeDetector(fitted), judged: fitted.calibrations.combination.scores.length };
  });
}

const rowsOf = ({ examples, validation }: RunConfig["data"]): number => examples + validation;

/** Keeps the detector of a run in its folder: the given one, or one that is fitted now. */
export async function fitRunDetector(
  folder: string,
  flags: CommonFlags,
  terminal: Terminal,
  given?: FittedDetector,
): Promise<void> {
  const config = readRunConfig(folder);
  const fitted = given ?? (await fittedDetector(config, flags, terminal));
  if (!fitted) return;
  await writeFileAtomic(runPaths(folder).detector, withIdentity(fitted.bytes, config));
  terminal.note(
    `detector of ${countOf(rowsOf(config.data), "row")}, calibrated on ${countOf(fitted.judged, "test row")}; flowify score ${folder} FILE finds odd rows`,
  );
}

/** Scores the test rows of a run's table by its best state, and keeps the scores in its folder. */
export function calibrateRun(folder: string, flags: CommonFlags, terminal: Terminal): Promise<void> {
  const calibrate: Parameters<typeof withModel<void>>[3] = async (model, { config, step }) => {
    const { rows, fillLog, names, count } = await readRows(config.data.name, config.data.reading);
    const test = rowsOfSplit(count, "test");
    const logProb = await model.logProb(takeRows(rows, names.length, test));
    const scores = logProb.map((log, i) => valueAt(fillLog, valueAt(test, i)) - log);
    const calibration = calibrationOf(step, scores);
    await writeCalibration(runPaths(folder).calibration, calibration, config);
    terminal.note(`calibrated on ${countOf(calibration.scores.length, "test row")}`);
  };
  return withModel(folder, flags, terminal, calibrate, { moving: true });
}
