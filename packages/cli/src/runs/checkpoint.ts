import {
  CheckpointError,
  decodeSafetensors,
  encodeSafetensors,
  FlowifyError,
  type TrainingState,
  UsageError,
} from "@flowify/core";
import * as v from "valibot";
import type { MetricsRecord } from "./metrics.js";

/**
 * The sha256 of some bytes, hexadecimal.
 *
 * @throws UsageError on a page not served over HTTPS or from localhost, where browsers have no hash
 */
export async function sha256(bytes: Uint8Array): Promise<string> {
  if (!globalThis.crypto?.subtle)
    throw new UsageError(
      "this page is not served over HTTPS, so the browser cannot compute a sha256\nopen it over https:// or from localhost",
    );
  const hash = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const VERSION = 2;
const FORMAT = "flowify-checkpoint";

/** The complete state of a training run, its network, and the last lines of its metrics without times. */
export type Checkpoint = Readonly<{
  network: string;
  state: TrainingState;
  metrics: readonly MetricsRecord[];
  /** The identity of its run; missing in those from before, and of the playground. */
  run?: string;
}>;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const facts = { format: v.literal(FORMAT), version: count, network: v.string(), step: count, seed: count };
const metrics = v.array(v.looseObject({ step: v.number() }));
const content = { file: v.string(), bytes: count, sha256: v.string() };
const rollbacks = v.array(v.strictObject({ failed: count, layer: v.string(), to: count, until: count }));

/** The fields are written in this order. */
const sidecarSchema = v.strictObject({ ...facts, rollbacks, metrics, ...content });
type Sidecar = v.InferOutput<typeof sidecarSchema>;

export const REMEDY = "use an older checkpoint of the run, or train again";

/** Names have equal length, so that they sort by step. */
const stem = (step: number): string => `step-${String(step).padStart(9, "0")}`;

/** True for the name of the JSON file of a checkpoint. */
export const isSidecar = (name: string): boolean => /^step-(\d+)\.json$/.test(name);

export type NamedFile = Readonly<{ name: string; bytes: Uint8Array<ArrayBuffer> }>;

/**
 * A checkpoint as two files: `step-N.safetensors`, and `step-N.json` with its length and hash. The first holds the same
 * metadata in its header, so a flipped byte in either is detected. Equal states have equal bytes.
 */
export async function encodeCheckpoint({
  network,
  state,
  metrics,
  run,
}: Checkpoint): Promise<{ data: NamedFile; sidecar: NamedFile }> {
  const { arrays, step, seed, rollbacks = [] } = state;
  const facts = { format: FORMAT, version: VERSION, network, step, seed, rollbacks, metrics };
  const bytes = encodeSafetensors(arrays, { flowify: JSON.stringify(facts), ...(run && { run }) });
  const file = `${stem(step)}.safetensors`;
  const sidecar = { ...facts, file, bytes: bytes.length, sha256: await sha256(bytes) };
  const text = new TextEncoder().encode(`${JSON.stringify(sidecar, null, 2)}\n`);
  return { data: { name: file, bytes }, sidecar: { name: `${stem(step)}.json`, bytes: text } };
}

export function parseSidecar(path: string, text: string): Sidecar {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new CheckpointError(`${path}: not JSON: cut short or damaged\n${REMEDY}`, { cause });
  }
  const version = (json as { version?: unknown } | null)?.version;
  if (typeof version === "number" && version !== VERSION) {
    throw new CheckpointError(
      `${path}: a checkpoint of version ${version}, expected version ${VERSION}\ninstall the version of flowify that wrote it`,
    );
  }
  const result = v.safeParse(sidecarSchema, json);
  if (result.success) return result.output;
  const fields = result.issues.map((issue) => v.getDotPath(issue) ?? "it");
  throw new CheckpointError(`${path}: damaged: invalid: ${fields.join(", ")}\n${REMEDY}`);
}

/**
 * The checkpoint that a JSON file describes, verified in full.
 *
 * @param path name of the JSON file in messages
 * @param read returns the bytes of the file next to it, by name; throws if it is missing
 * @param network the expected network; undefined accepts any
 * @param run the identity of the expected run; undefined accepts any
 * @throws CheckpointError that names the file, the problem and the remedy
 */
export async function decodeCheckpoint(
  path: string,
  text: string,
  read: (name: string) => Promise<{ path: string; bytes: Uint8Array }>,
  network?: string,
  run?: string,
): Promise<Checkpoint> {
  const { file, bytes: length, sha256: hash, ...facts } = parseSidecar(path, text);
  if (!/^step-\d+\.safetensors$/.test(file)) {
    throw new CheckpointError(
      `${path}: refers to the file ${JSON.stringify(file)}, expected step-N.safetensors\n${REMEDY}`,
    );
  }
  const { path: dataPath, bytes } = await read(file);
  if (bytes.length !== length) {
    const verdict = bytes.length < length ? "cut short" : "longer than written";
    throw new CheckpointError(
      `${dataPath}: ${verdict}: ${bytes.length} bytes, expected ${length}\n${REMEDY}`,
    );
  }
  if ((await sha256(bytes)) !== hash) {
    throw new CheckpointError(`${dataPath}: damaged: its sha256 differs from the one in ${path}\n${REMEDY}`);
  }
  const { tensors, metadata } = decode(dataPath, bytes);
  if (metadata.flowify !== JSON.stringify(facts)) {
    throw new CheckpointError(
      `${path}: damaged: it and the header of ${file} contradict each other\n${REMEDY}`,
    );
  }
  if (network !== undefined && network !== facts.network) {
    throw new CheckpointError(
      `${path}: a checkpoint of network ${facts.network}, expected ${network}\nchoose the network of the checkpoint`,
    );
  }
  if (run !== undefined && metadata.run !== undefined && metadata.run !== run)
    throw new CheckpointError(
      `${dataPath}: a checkpoint of another run than config.json\nput back the files of one run, or train again`,
    );
  const { step, seed, rollbacks } = facts;
  return {
    ...(metadata.run !== undefined && { run: metadata.run }),
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

/** The arrays for evaluating a run: with weight averaging, the averages in place of the parameters. */
export function averaged(arrays: TrainingState["arrays"]): TrainingState["arrays"] {
  const prefix = "average.";
  const averages = Object.entries(arrays).filter(([name]) => name.startsWith(prefix));
  const renamed = averages.map(([name, array]) => [`params.${name.slice(prefix.length)}`, array] as const);
  return { ...arrays, ...Object.fromEntries(renamed) };
}
