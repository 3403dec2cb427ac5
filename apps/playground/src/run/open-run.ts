import {
  CheckpointError,
  DataError,
  decodeSafetensors,
  type Flow,
  flowify,
  type TrainingState,
} from "@flowify/core";
import {
  type Checkpoint,
  decodeCheckpoint,
  expectImageRun,
  type ImageRunConfig,
  isSidecar,
  networkOf,
  parseRunConfig,
} from "flowify/format";
import type { RunFiles } from "./run-files.js";

/** A run in memory, with all the data that its folder stores. */
export type OpenRun = Readonly<{
  config: ImageRunConfig;
  flow: Flow;
  state: TrainingState;
  /** Lines of the metrics, up to the step of the state. */
  metrics: readonly Checkpoint["metrics"][number][];
  /** The weights of a pretrained network, and its original file. */
  weights?: Uint8Array;
  original?: Uint8Array;
  skipped: readonly string[];
}>;

/**
 * Reads a run: its configuration, its weights, and the newest intact checkpoint.
 *
 * @throws DataError, CheckpointError that name the file and the problem
 */
export async function openRun(files: RunFiles): Promise<OpenRun> {
  const text = json("config.json", await textOf(files, "config.json"));
  const config = expectImageRun("config.json", parseRunConfig("config.json", text));
  const weights = config.description?.weights && (await bytesOf(files, config.description.weights));
  const { checkpoint, skipped } = await newest(files, config.network);
  const log = await files.get("metrics.jsonl")?.text();
  const lines = log?.split("\n").flatMap((line) => metricsOf(line) ?? []) ?? [];
  return {
    config,
    flow: flowOf(config, weights || undefined),
    state: checkpoint.state,
    metrics: [...lines.filter(({ step }) => step < checkpoint.state.step), ...checkpoint.metrics],
    ...(weights && { weights }),
    ...(files.has("original.onnx") && { original: await bytesOf(files, "original.onnx") }),
    skipped,
  };
}

/** The flow of a run with this configuration. */
export function flowOf(
  { network, description, flow }: Pick<ImageRunConfig, "network" | "description" | "flow">,
  weights?: Uint8Array,
): Flow {
  const tensors = weights ? decodeSafetensors(weights).tensors : {};
  return flowify(networkOf({ name: network, ...(description && { description, tensors }) }), flow);
}

async function newest(
  files: RunFiles,
  network: string,
): Promise<{ checkpoint: Checkpoint; skipped: string[] }> {
  const failures: CheckpointError[] = [];
  const beside = async (file: string) => ({ path: file, bytes: await bytesOf(files, file) });
  for (const name of [...files.keys()].filter(isSidecar).sort().reverse()) {
    try {
      const checkpoint = await decodeCheckpoint(name, await textOf(files, name), beside, network);
      return { checkpoint, skipped: failures.map(({ message }) => message.split("\n")[0] ?? "") };
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      failures.push(error);
    }
  }
  const none =
    "The run has no checkpoint, expected checkpoints/step-N.json and .safetensors. Drop the whole folder of the run.";
  throw failures[0] ?? new CheckpointError(none);
}

async function bytesOf(files: RunFiles, name: string): Promise<Uint8Array> {
  const file = files.get(name);
  if (file) return new Uint8Array(await file.arrayBuffer());
  throw new CheckpointError(`${name}: missing from the dropped files\ndrop the whole folder of the run`);
}

const textOf = async (files: RunFiles, name: string): Promise<string> =>
  new TextDecoder().decode(await bytesOf(files, name));

function json(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DataError(`${name}: not JSON (${(cause as Error).message})`, { cause });
  }
}

/** A line of a log; undefined for a torn one. */
function metricsOf(line: string): Checkpoint["metrics"][number] | undefined {
  try {
    const record = JSON.parse(line) as Checkpoint["metrics"][number] | null;
    return typeof record?.step === "number" ? record : undefined;
  } catch {
    return undefined;
  }
}
