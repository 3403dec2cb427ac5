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

/** The version of the format that is written; version 1, which knew no rollbacks, is read as well. */
const VERSION = 2;
const FORMAT = "flowify-checkpoint";

/** The whole state of a training run, of which network, and the last lines of its metrics without times. */
export type Checkpoint = Readonly<{
  network: string;
  state: TrainingState;
  metrics: readonly MetricsRecord[];
}>;

/** A newer checkpoint that could not be used, and why. */
export type SkippedCheckpoint = Readonly<{ path: string; error: CheckpointError }>;

const count = z.number().int().nonnegative();
const facts = { format: z.literal(FORMAT), version: count, network: z.string(), step: count, seed: count };
const metrics = z.array(z.looseObject({ step: z.number() }));
const content = { file: z.string(), bytes: count, sha256: z.string() };
const rollbacks = z.array(z.strictObject({ failed: count, layer: z.string(), to: count, until: count }));

/** By version; the order of the fields is that in which they are written. */
const sidecarSchemas = {
  1: z.strictObject({ ...facts, metrics, ...content }),
  2: z.strictObject({ ...facts, rollbacks, metrics, ...content }),
} as const;
type Sidecar = z.infer<(typeof sidecarSchemas)[keyof typeof sidecarSchemas]>;

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
  const { arrays, step, seed, rollbacks = [] } = state;
  const facts = { format: FORMAT, version: VERSION, network, step, seed, rollbacks, metrics };
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

function parseSidecar(path: string, text: string): Sidecar {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new CheckpointError(`${path}: not JSON: cut short or damaged\n${REMEDY}`, { cause });
  }
  const version = (json as { version?: unknown } | null)?.version;
  if (typeof version === "number" && !Object.hasOwn(sidecarSchemas, version)) {
    throw new CheckpointError(
      `${path}: a checkpoint of version ${version}, this flowify reads versions ${Object.keys(sidecarSchemas).join(" and ")}\ninstall the version of flowify that wrote it`,
    );
  }
  const schema = version === 1 ? sidecarSchemas[1] : sidecarSchemas[VERSION];
  const result = schema.safeParse(json);
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
  const rollbacks = "rollbacks" in facts ? facts.rollbacks : [];
  return {
    network: facts.network,
    state: { arrays: tensors, step, seed, ...(rollbacks.length > 0 && { rollbacks }) },
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

/**
 * Keeps the `keep` newest checkpoints and the one with the best figure (that of validation images before that of test
 * images); a sidecar goes first, so that none is left without its file.
 */
export async function pruneCheckpoints(folder: string, keep: number): Promise<void> {
  const paths = await listCheckpoints(folder);
  const best = await bestCheckpoint(paths);
  for (const path of paths.slice(keep)) {
    if (path === best) continue;
    await rm(path, { force: true });
    await rm(path.replace(/\.json$/, ".safetensors"), { force: true });
  }
}

/** The checkpoint with the fewest bits per dimension among those that were measured; of equal ones the newest. */
async function bestCheckpoint(paths: readonly string[]): Promise<string | undefined> {
  let best: { path: string; bpd: number } | undefined;
  for (const path of paths) {
    const bpd = await measuredBpd(path);
    if (bpd !== undefined && (best === undefined || bpd < best.bpd)) best = { path, bpd };
  }
  return best?.path;
}

async function measuredBpd(path: string): Promise<number | undefined> {
  const sidecar = await readFile(path, "utf8")
    .then((text) => parseSidecar(path, text))
    .catch(() => undefined); // a damaged one is no candidate
  const of = (split: string): number | undefined =>
    sidecar?.metrics.flatMap((record) =>
      record.split === split && typeof record.bpd === "number" ? [record.bpd] : [],
    )[0];
  return of("validation") ?? of("test");
}
