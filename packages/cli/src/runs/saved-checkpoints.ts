import { existsSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CheckpointError } from "@flowify/core";
import { keepBest, type Measured } from "@flowify/core/internal";
import { writeFileAtomic } from "../files/atomic.js";
import { expectRegularFile } from "../files/regular-file.js";
import type { RunConfig } from "../run-config.js";
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  isSidecar,
  parseSidecar,
  REMEDY,
} from "./checkpoint.js";
import { figureOf, type MetricsRecord } from "./metrics.js";

/**
 * Writes `step-N.safetensors` and then `step-N.json`, each atomically. The JSON file completes the checkpoint.
 */
export async function writeCheckpoint(folder: string, checkpoint: Checkpoint): Promise<string> {
  const { data, sidecar } = await encodeCheckpoint(checkpoint);
  await writeFileAtomic(join(folder, data.name), data.bytes);
  const path = join(folder, sidecar.name);
  await writeFileAtomic(path, sidecar.bytes);
  return path;
}

async function readFileOf(path: string): Promise<Uint8Array> {
  expectRegularFile(path);
  try {
    return await readFile(path);
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw new CheckpointError(`${path}: ${missing ? "missing" : (cause as Error).message}\n${REMEDY}`, {
      cause,
    });
  }
}

/**
 * Reads the checkpoint that `path` (`step-N.json`) describes and verifies all of it.
 *
 * @param network the expected network; undefined accepts any
 * @param run the identity of the expected run; undefined accepts any
 * @throws CheckpointError that names the file, the problem and the remedy
 */
export async function readCheckpoint(path: string, network?: string, run?: string): Promise<Checkpoint> {
  const beside = async (name: string): Promise<{ path: string; bytes: Uint8Array }> => {
    const file = join(dirname(path), name);
    return { path: file, bytes: await readFileOf(file) };
  };
  const text = new TextDecoder().decode(await readFileOf(path));
  return decodeCheckpoint(path, text, beside, network, run);
}

/**
 * The result of `use` for the arrays of a checkpoint.
 *
 * @throws CheckpointError that names the checkpoint, for arrays that do not fit the network
 */
export async function withCheckpoint<T>(path: string, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (cause) {
    if (!(cause instanceof CheckpointError)) throw cause;
    throw new CheckpointError(`${path}: ${cause.message}\n${REMEDY}`, { cause });
  }
}

/** Paths of the checkpoints in a folder, the newest first. */
export async function listCheckpoints(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return [];
  const names = (await readdir(folder)).filter(isSidecar);
  return names
    .sort()
    .reverse()
    .map((name) => join(folder, name));
}

/**
 * The newest readable checkpoint, and the errors of newer ones, which are skipped.
 *
 * @throws CheckpointError if there is none: the error of the newest checkpoint, if any exists, and how to begin again
 */
export async function latestCheckpoint(
  folder: string,
  network?: string,
  run?: string,
): Promise<{ checkpoint: Checkpoint; path: string; skipped: readonly CheckpointError[] }> {
  const skipped: CheckpointError[] = [];
  for (const path of await listCheckpoints(folder)) {
    try {
      return { checkpoint: await readCheckpoint(path, network, run), path, skipped };
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      skipped.push(error);
    }
  }
  const begins = `flowify train --resume ${dirname(folder)} begins the run again`;
  const [newest] = skipped;
  const message = newest
    ? newest.message.replace(REMEDY, `no checkpoint is whole: remove ${folder}, and ${begins}`)
    : `${folder}: no checkpoint: the run stopped before its first one\n${begins}`;
  throw new CheckpointError(message, { cause: newest });
}

/**
 * The checkpoint for evaluating a run: the best on the held-out examples if there are some, otherwise the newest.
 *
 * @throws CheckpointError like `latestCheckpoint`
 */
export async function judgedCheckpoint(
  folder: string,
  { network, validateEvery, run }: Pick<RunConfig, "network" | "validateEvery" | "run">,
): ReturnType<typeof latestCheckpoint> {
  const best = validateEvery === undefined ? undefined : await bestCheckpoint(folder);
  if (best === undefined) return latestCheckpoint(folder, network, run);
  try {
    return { checkpoint: await readCheckpoint(best.state, network, run), path: best.state, skipped: [] };
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    const newest = await latestCheckpoint(folder, network, run);
    return { ...newest, skipped: [error, ...newest.skipped] };
  }
}

/**
 * Keeps the `keep` newest checkpoints, the one with the best figure (on validation images if there are some,
 * otherwise on test images), and the start where the gain over it is measured.
 */
export async function pruneCheckpoints(folder: string, keep: number): Promise<void> {
  const paths = await listCheckpoints(folder);
  const { best, start } = await measuredCheckpoints(folder);
  const kept = [best?.state, best?.gainStdErr !== undefined && start?.state];
  for (const path of paths.slice(keep)) if (!kept.includes(path)) await removeCheckpoint(path);
}

/** Removes the checkpoint of step 0 if there is a later one: a finished run needs it only if it is chosen. */
export async function removeStart(folder: string): Promise<void> {
  const [, ...older] = await listCheckpoints(folder);
  const best = await bestCheckpoint(folder);
  const start = older.find((path) => /step-0+\.json$/.test(path));
  if (start !== undefined && start !== best?.state) await removeCheckpoint(start);
}

/** The sidecar is removed first, so that none is left without its data file. */
async function removeCheckpoint(path: string): Promise<void> {
  await rm(path, { force: true });
  await rm(path.replace(/\.json$/, ".safetensors"), { force: true });
}

/** The path of the checkpoint for evaluating a run: that with the best measured figure, or the start where the gain may be chance. */
export const bestCheckpoint = async (folder: string): Promise<Measured<string> | undefined> =>
  (await measuredCheckpoints(folder)).chosen;

/** The best of the checkpoints with a figure, the oldest of equal ones, and the start; their states are paths. */
export async function measuredCheckpoints(folder: string): Promise<ReturnType<typeof keepBest<string>>> {
  const best = keepBest<string>();
  for (const state of (await listCheckpoints(folder)).reverse()) {
    const measured = await measuredOf(state);
    if (measured) best.offer({ ...measured, state });
  }
  return best;
}

async function measuredOf(path: string): Promise<Omit<Measured<string>, "state"> | undefined> {
  const sidecar = await readFile(path, "utf8")
    .then((text) => parseSidecar(path, text))
    .catch(() => undefined); // a damaged one cannot be the best
  const of = (split: string) =>
    sidecar?.metrics.find(
      (record) => record.split === split && figureOf(record as MetricsRecord) !== undefined,
    );
  const record = of("validation") ?? of("test");
  const figure = record && figureOf(record as MetricsRecord);
  if (!sidecar || figure === undefined) return undefined;
  const { gainStdErr } = record as { gainStdErr?: number };
  return { step: sidecar.step, logProb: -figure, ...(gainStdErr !== undefined && { gainStdErr }) };
}
