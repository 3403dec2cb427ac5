import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { UsageError } from "@flowify/core";
import { NETWORK, ORIGINAL, WEIGHTS } from "../format/weights.js";
import { removeTemporaryFiles } from "./atomic.js";
import { expectUnlocked, lockRun } from "./lock.js";
import { placeOf } from "./place.js";

/** The folder of a run, locked for this process until `release`. */
export type RunFolder = Readonly<{
  folder: string;
  config: string;
  /** The weights that the description of a given network names. */
  weights: string;
  /** The ONNX file that a given network came from. */
  original: string;
  metrics: string;
  checkpoints: string;
  /** Folder of the event files of TensorBoard. */
  events: string;
  /** Folder of the pictures of every epoch; those below are the newest. */
  pictures: string;
  samples: string;
  /** Draws of a run of rows, as a table. */
  sampledRows: string;
  samplesMean: string;
  reconstructions: string;
  ledger: string;
  curve: string;
  /** Scores of held-out rows of a table. */
  calibration: string;
  release(): void;
}>;

export type OpenRunOptions = {
  /** Go on with the run that is there. */
  resume?: boolean;
  /** Give up the run that is there: its own files are removed, others stay. */
  force?: boolean;
};

const CONFIG_NAME = "config.json";

/** Where each thing lies in the folder of a run. */
export const runPaths = (folder: string) => ({
  folder,
  config: join(folder, CONFIG_NAME),
  weights: join(folder, WEIGHTS),
  original: join(folder, ORIGINAL),
  metrics: join(folder, "metrics.jsonl"),
  checkpoints: join(folder, "checkpoints"),
  events: join(folder, "tensorboard"),
  pictures: join(folder, "pictures"),
  samples: join(folder, "samples.png"),
  sampledRows: join(folder, "samples.csv"),
  samplesMean: join(folder, "samples-mean.png"),
  reconstructions: join(folder, "reconstructions.png"),
  ledger: join(folder, "ledger.png"),
  curve: join(folder, "curve.png"),
  calibration: join(folder, "calibration.json"),
  quality: join(folder, "quality.json"),
  nearest: join(folder, "nearest.png"),
});

/** True where `folder` holds a run, finished or not. */
export const holdsRun = (folder: string): boolean => existsSync(join(folder, CONFIG_NAME));

/** @throws UsageError where a file that the user named cannot be written: its folder is missing, or it is one itself. */
export function expectPlaceFor(file: string): void {
  const folder = dirname(placeOf(file).path);
  if (!existsSync(folder))
    throw new UsageError(
      `--out ${file}: there is no folder ${folder}\nmake it first, or choose another place`,
    );
}

/** Makes a folder and those above it, one by one: Node's recursive call never returns for a folder in /proc. */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
}

/**
 * Opens the folder of a run for writing and locks it.
 *
 * @throws UsageError where it holds another run (without `resume` or `force`), no run to go on with,
 * foreign files, is a file, or is in use by another process
 */
export async function openRunFolder(folder: string, options: OpenRunOptions = {}): Promise<RunFolder> {
  checkRunFolder(folder, options);
  makeFolder(folder);
  const lock = lockRun(folder);
  try {
    // Asked again under the lock: another run may have come and gone between the question and the lock.
    checkContent(folder, options);
    const paths = runPaths(folder);
    if (!options.resume && (holdsRun(folder) || foreignTo(folder).length === 0)) {
      const { folder: _, ...files } = paths;
      for (const path of Object.values(files)) rmSync(path, { recursive: true, force: true });
    }
    mkdirSync(paths.checkpoints, { recursive: true });
    await removeTemporaryFiles(folder);
    await removeTemporaryFiles(paths.checkpoints);
    return { ...paths, release: lock.release };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** The refusals of `openRunFolder`: asked before anything slow begins. */
export function checkRunFolder(folder: string, options: OpenRunOptions = {}): void {
  if (existsSync(folder) && !statSync(folder).isDirectory()) {
    throw new UsageError(`${folder}: a file, expected a folder for the run`);
  }
  expectUnlocked(folder);
  checkContent(folder, options);
}

function checkContent(folder: string, { resume = false, force = false }: OpenRunOptions): void {
  if (resume) {
    if (!holdsRun(folder)) throw notARun(folder);
    return;
  }
  if (!existsSync(folder) || force) return;
  if (holdsRun(folder)) {
    throw new UsageError(
      `${folder} holds another run\ngo on with it by --resume ${folder}, replace it by --force, or choose another --out`,
    );
  }
  const foreign = foreignTo(folder);
  if (foreign.length > 0) {
    throw new UsageError(
      `${folder} is not empty (${foreign.slice(0, 3).join(", ")}${foreign.length > 3 ? ", …" : ""}) and holds no run\nchoose another --out, or write beside these files by --force`,
    );
  }
}

/**
 * What lies in a folder without a run, but for what a run leaves that was killed before it had its configuration: no
 * checkpoints, metrics without a line, the weights of a given network.
 */
function foreignTo(folder: string): string[] {
  const { checkpoints, metrics, weights, original } = runPaths(folder);
  const started =
    existsSync(checkpoints) &&
    statSync(checkpoints).isDirectory() &&
    readdirSync(checkpoints).every(isHidden);
  const leftovers = started ? [checkpoints, weights, original] : [];
  if (started && statSync(metrics, { throwIfNoEntry: false })?.size === 0) leftovers.push(metrics);
  return readdirSync(folder).filter(
    (name) => !isHidden(name) && !name.startsWith("run.lock") && !leftovers.includes(join(folder, name)),
  );
}

const isHidden = (name: string): boolean => name.startsWith(".");

/** For the commands that read a run. */
export function notARun(folder: string): UsageError {
  if (existsSync(join(folder, NETWORK)))
    return new UsageError(
      `${folder} holds a converted network whose inverses have learnt nothing yet\nflowify train --from ${folder} --data … makes a run of it`,
    );
  if (
    existsSync(folder) &&
    statSync(folder).isDirectory() &&
    readdirSync(folder).length > 0 &&
    foreignTo(folder).length === 0
  )
    return new UsageError(
      `${folder} holds a run that was ended before its first step\nbegin it again by the command that began it`,
    );
  const what = existsSync(folder) ? ` holds no run (no ${CONFIG_NAME})` : ": no such folder";
  return new UsageError(`${folder}${what}\nflowify train --out ${folder} makes one`);
}
