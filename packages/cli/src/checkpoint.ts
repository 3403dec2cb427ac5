import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  CheckpointError,
  decodeSafetensors,
  encodeSafetensors,
  FlowifyError,
  type TrainingState,
} from "@flowify/core";
import * as z from "zod";
import { writeFileAtomic } from "./run/atomic.js";
import type { MetricsRecord } from "./run/metrics.js";

/** The version of the format that is written, and the newest that is read. */
const VERSION = 1;
const FORMAT = "flowify-checkpoint";

/** The whole state of a training run, of which network, and the last lines of its metrics without times. */
export type Checkpoint = Readonly<{
  network: string;
  state: TrainingState;
  metrics: readonly MetricsRecord[];
}>;

/** A newer checkpoint that could not be used, and why. */
export type SkippedCheckpoint = Readonly<{ path: string; error: CheckpointError }>;

const sidecarSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.number().int(),
  network: z.string(),
  step: z.number().int().nonnegative(),
  seed: z.number().int().nonnegative(),
  metrics: z.array(z.looseObject({ step: z.number() })),
  file: z.string(),
  bytes: z.number().int(),
  sha256: z.string(),
});

const REMEDY = "use an older checkpoint of the run, or train again";
const SIDECAR = /^step-(\d+)\.json$/;

/** Of equal length, so that the order of names is the order of steps. */
const stem = (step: number): string => `step-${String(step).padStart(9, "0")}`;

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/**
 * Writes `step-N.safetensors` and then `step-N.json`, each at once or not at all. The JSON file makes
 * the checkpoint: it holds length and hash of the other, which holds the same facts in its header, so
 * that a flipped byte in either is found. Equal states give equal bytes.
 */
export async function writeCheckpoint(
  folder: string,
  { network, state, metrics }: Checkpoint,
): Promise<string> {
  const { arrays, step, seed } = state;
  const facts = { format: FORMAT, version: VERSION, network, step, seed, metrics };
  const bytes = encodeSafetensors(arrays, { flowify: JSON.stringify(facts) });
  const file = `${stem(step)}.safetensors`;
  await writeFileAtomic(join(folder, file), bytes);
  const sidecar = { ...facts, file, bytes: bytes.length, sha256: sha256(bytes) };
  const path = join(folder, `${stem(step)}.json`);
  await writeFileAtomic(path, `${JSON.stringify(sidecar, null, 2)}\n`);
  return path;
}

async function readFileOf(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw new CheckpointError(`${path}: ${missing ? "missing" : (cause as Error).message}\n${REMEDY}`, {
      cause,
    });
  }
}

function parseSidecar(path: string, text: string): z.infer<typeof sidecarSchema> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new CheckpointError(`${path}: not JSON: cut short or damaged\n${REMEDY}`, { cause });
  }
  const version = (json as { version?: unknown } | null)?.version;
  if (typeof version === "number" && version !== VERSION) {
    throw new CheckpointError(
      `${path}: a checkpoint of version ${version}, this flowify reads version ${VERSION}\ninstall the version of flowify that wrote it`,
    );
  }
  const result = sidecarSchema.safeParse(json);
  if (result.success) return result.data;
  const fields = result.error.issues.map((issue) => issue.path.join(".") || "it");
  throw new CheckpointError(`${path}: damaged: ${fields.join(", ")} not as expected\n${REMEDY}`);
}

/**
 * Reads the checkpoint that `path` (`step-N.json`) describes and verifies all of it.
 *
 * @param network the network that it is to be used for; undefined takes any
 * @throws CheckpointError that names the file, what is wrong and what to do
 */
export async function readCheckpoint(path: string, network?: string): Promise<Checkpoint> {
  const sidecar = parseSidecar(path, new TextDecoder().decode(await readFileOf(path)));
  const { file, bytes: length, sha256: hash, ...facts } = sidecar;
  if (!/^step-\d+\.safetensors$/.test(file)) {
    throw new CheckpointError(
      `${path}: names the file ${JSON.stringify(file)}, expected step-N.safetensors\n${REMEDY}`,
    );
  }
  const dataPath = join(path, "..", file);
  const bytes = await readFileOf(dataPath);
  if (bytes.length !== length) {
    const verdict = bytes.length < length ? "cut short" : "longer than written";
    throw new CheckpointError(
      `${dataPath}: ${verdict}: ${bytes.length} bytes, expected ${length}\n${REMEDY}`,
    );
  }
  if (sha256(bytes) !== hash) {
    throw new CheckpointError(`${dataPath}: damaged: its sha256 is not the one in ${path}\n${REMEDY}`);
  }
  const { tensors, metadata } = decode(dataPath, bytes);
  if (metadata.flowify !== JSON.stringify(facts)) {
    throw new CheckpointError(
      `${path}: damaged: it and the header of ${file} contradict each other\n${REMEDY}`,
    );
  }
  if (network !== undefined && network !== facts.network) {
    throw new CheckpointError(
      `${path}: a checkpoint of network ${facts.network}, expected ${network}\nname the network that it was made with`,
    );
  }
  const { step, seed } = facts;
  return {
    network: facts.network,
    state: { arrays: tensors, step, seed },
    metrics: facts.metrics as MetricsRecord[],
  };
}

function decode(path: string, bytes: Uint8Array): ReturnType<typeof decodeSafetensors> {
  try {
    return decodeSafetensors(bytes);
  } catch (cause) {
    if (!(cause instanceof FlowifyError)) throw cause;
    throw new CheckpointError(`${path}: ${cause.message}\n${REMEDY}`, { cause });
  }
}

/** Paths of the checkpoints in a folder, the newest first. */
export async function listCheckpoints(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return [];
  const names = (await readdir(folder)).filter((name) => SIDECAR.test(name));
  return names
    .sort()
    .reverse()
    .map((name) => join(folder, name));
}

/**
 * The newest checkpoint that can be read; those passed over on the way are reported.
 *
 * @throws CheckpointError where there is none: that of the newest, if there was one
 */
export async function latestCheckpoint(
  folder: string,
  network?: string,
): Promise<{ checkpoint: Checkpoint; path: string; skipped: readonly SkippedCheckpoint[] }> {
  const skipped: SkippedCheckpoint[] = [];
  for (const path of await listCheckpoints(folder)) {
    try {
      return { checkpoint: await readCheckpoint(path, network), path, skipped };
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      skipped.push({ path, error });
    }
  }
  throw (
    skipped[0]?.error ??
    new CheckpointError(`${folder}: no checkpoint\nthe run was stopped before its first one: train again`)
  );
}

/** Keeps the `keep` newest checkpoints; a sidecar goes first, so that none is left without its file. */
export async function pruneCheckpoints(folder: string, keep: number): Promise<void> {
  for (const path of (await listCheckpoints(folder)).slice(keep)) {
    await rm(path, { force: true });
    await rm(path.replace(/\.json$/, ".safetensors"), { force: true });
  }
}
