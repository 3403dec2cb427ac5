import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { UsageError } from "@flowify/core";
import { removeTemporaryFiles, writeFileAtomic } from "../files/atomic.js";
import { expectNoFile, isFolder } from "../files/place.js";
import { NETWORK, ORIGINAL, WEIGHTS } from "../networks/weights.js";
import { holdsFunction } from "../opaque/function.js";
import { expectUnlocked, lockRun } from "./lock.js";

export type OpenRunOptions = {
  /** Continue the present run. */
  resume?: boolean;
  /** Replace the present run: removes its files and keeps others. */
  force?: boolean;
};

const CONFIG_NAME = "config.json";

/** The files that a run is made of: commands read them, and replace none of them. */
export const inputPaths = (folder: string) => ({
  config: join(folder, CONFIG_NAME),
  /** The weights and the original ONNX file of a pretrained network. */
  weights: join(folder, WEIGHTS),
  original: join(folder, ORIGINAL),
  metrics: join(folder, "metrics.jsonl"),
  checkpoints: join(folder, "checkpoints"),
  /** Densities that a run of few rows has fitted to all of them at its end. */
  fitted: join(folder, "fitted.safetensors"),
  /** Scores of held-out rows of a table, and what finds odd ones. */
  calibration: join(folder, "calibration.json"),
  detector: join(folder, "detector.safetensors"),
  /** Of a run that predicts columns of a table: what it predicts, and its flows. */
  regression: join(folder, "regression.json"),
  members: join(folder, "members"),
});

export const runPaths = (folder: string) => ({
  folder,
  ...inputPaths(folder),
  /** Folder of the pictures of every epoch; those below are the newest. */
  pictures: join(folder, "pictures"),
  samples: join(folder, "samples.png"),
  /** Samples of a run of rows, as a table. */
  sampledRows: join(folder, "samples.csv"),
  samplesMean: join(folder, "samples-mean.png"),
  reconstructions: join(folder, "reconstructions.png"),
  ledger: join(folder, "ledger.png"),
  curve: join(folder, "curve.png"),
  /** Of images of a class: how far the probabilities of classes are right. */
  classes: join(folder, "classes.png"),
  quality: join(folder, "quality.json"),
  nearest: join(folder, "nearest.png"),
});

/** The folder of a run, locked for this process until `release`. */
export type RunFolder = Readonly<ReturnType<typeof runPaths>> & Readonly<{ release(): void }>;

/** True if `folder` holds a run, finished or not. */
export const holdsRun = (folder: string): boolean => existsSync(join(folder, CONFIG_NAME));

/** True if it holds a run of `flowify train --predict`, finished or not. */
export const holdsRegression = (folder: string): boolean => existsSync(runPaths(folder).regression);

/** True if it holds a run of either kind. */
export const holdsAny = (folder: string): boolean => holdsRun(folder) || holdsRegression(folder);

/**
 * Creates a folder and its parents one by one: Node's recursive call never returns for a folder in /proc. Another process
 * may create them at the same time.
 *
 * @returns the folders that it created, the innermost last
 */
export function makeFolder(folder: string): readonly string[] {
  if (existsSync(folder)) return [];
  const above = makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    if (!isFolder(folder)) throw error;
    return above;
  }
  return [...above, folder];
}

/**
 * Writes several files into a folder, each atomically. If that fails, the files and folders that were not there before are
 * removed.
 *
 * @returns what `produce` returns, which writes files by their names
 */
export async function writeFiles<T>(
  folder: string,
  produce: (write: (name: string, content: Uint8Array | string) => Promise<void>) => Promise<T>,
): Promise<T> {
  const files: string[] = [];
  const folders = makeFolder(folder);
  try {
    return await produce(async (name, content) => {
      const file = join(folder, name);
      if (!existsSync(file)) files.push(file);
      await writeFileAtomic(file, content);
    });
  } catch (error) {
    for (const file of files) rmSync(file, { force: true });
    for (const made of [...folders].reverse()) if (readdirSync(made).length === 0) rmdirSync(made);
    throw error;
  }
}

/**
 * Opens the folder of a run for writing and locks it.
 *
 * @throws UsageError if it holds another run (without `resume` or `force`), no run to continue, or foreign files, if it
 * is a file, or if another process uses it
 */
export async function openRunFolder(folder: string, options: OpenRunOptions = {}): Promise<RunFolder> {
  checkRunFolder(folder, options);
  makeFolder(folder);
  const lock = lockRun(folder);
  try {
    // Checked again under the lock: another run may have started and ended between the first check and the lock.
    checkContent(folder, options);
    const paths = runPaths(folder);
    if (!options.resume && (holdsAny(folder) || foreignTo(folder).length === 0)) {
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

/** The checks of `openRunFolder`, before anything slow begins. */
export function checkRunFolder(folder: string, options: OpenRunOptions = {}): void {
  expectNoFile(folder, "a folder for the run");
  expectUnlocked(folder);
  checkContent(folder, options);
}

function checkContent(folder: string, { resume = false, force = false }: OpenRunOptions): void {
  if (resume) {
    if (!holdsAny(folder)) throw notARun(folder);
    return;
  }
  if (!existsSync(folder) || force) return;
  if (holdsAny(folder)) {
    throw new UsageError(
      `${folder} holds another run\ncontinue it with --resume ${folder}, replace it with --force, or choose another --out`,
    );
  }
  const foreign = foreignTo(folder);
  if (foreign.length > 0) {
    throw new UsageError(
      `${folder} is not empty (${foreign.slice(0, 3).join(", ")}${foreign.length > 3 ? ", …" : ""}) and holds no run\nchoose another --out, or keep these files and write to the folder with --force`,
    );
  }
}

/**
 * The files in a folder without a run, except those of a run killed before it wrote its configuration: an empty
 * checkpoint folder, empty metrics, the weights of a pretrained network.
 */
function foreignTo(folder: string): string[] {
  const { checkpoints, metrics, weights, original } = runPaths(folder);
  const started = isFolder(checkpoints) && readdirSync(checkpoints).every(isHidden);
  const leftovers = started ? [checkpoints, weights, original] : [];
  if (started && statSync(metrics, { throwIfNoEntry: false })?.size === 0) leftovers.push(metrics);
  return readdirSync(folder).filter(
    (name) => !isHidden(name) && !name.startsWith("run.lock") && !leftovers.includes(join(folder, name)),
  );
}

const isHidden = (name: string): boolean => name.startsWith(".");

/** For the commands that read a run. Errors: UsageError where a process that has not written its configuration yet uses it. */
export function notARun(folder: string): UsageError {
  if (holdsRegression(folder))
    return new UsageError(
      `${folder} holds a run that predicts columns, expected one of whole images or rows\nuse flowify predict, evaluate, report, inspect or export with it`,
    );
  if (existsSync(join(folder, NETWORK)) || holdsFunction(folder))
    return new UsageError(
      `${folder} holds a converted network without trained inverses\ntrain them with flowify train --from ${folder} --data …`,
    );
  expectUnlocked(folder);
  if (isFolder(folder) && readdirSync(folder).length > 0 && foreignTo(folder).length === 0)
    return new UsageError(
      `${folder} holds a run that stopped before its first step\nstart it again with the same command`,
    );
  if (existsSync(folder) && statSync(folder).isFile())
    return new UsageError(
      `${folder} is a file, not the folder of a run\nthe run comes first, for example flowify score runs/a ${folder}`,
    );
  const what = existsSync(folder) ? ` holds no run (no ${CONFIG_NAME})` : ": no such folder";
  return new UsageError(`${folder}${what}\ntrain one with flowify train --out ${folder}`);
}

/** A folder for a run of this name, which does not exist. */
export function unusedFolder(name: string): string {
  for (let copy = 1; ; copy++) {
    const folder = join("runs", copy === 1 ? name : `${name}-${copy}`);
    if (!existsSync(folder)) return folder;
  }
}
