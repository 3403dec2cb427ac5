import { zipSync } from "fflate";
import { encodeCheckpoint, runConfigText } from "flowify/format";
import type { OpenRun } from "./open-run.js";

const text = (content: string): Uint8Array => new TextEncoder().encode(content);

/** The folder of a run as the command writes and reads it, in a zip archive: uncompressed, because weights hardly compress. */
export async function saveRun({
  config,
  state,
  metrics,
  weights,
  original,
}: OpenRun): Promise<Uint8Array<ArrayBuffer>> {
  const last = metrics.filter((line) => line.step === state.step);
  const { data, sidecar } = await encodeCheckpoint({ network: config.network, state, metrics: last });
  const files = {
    "config.json": text(runConfigText(config)),
    "metrics.jsonl": text(metrics.map((line) => `${JSON.stringify(line)}\n`).join("")),
    [`checkpoints/${data.name}`]: data.bytes,
    [`checkpoints/${sidecar.name}`]: sidecar.bytes,
    ...(weights && { [config.description?.weights ?? "weights.safetensors"]: weights }),
    ...(original && { "original.onnx": original }),
  };
  return zipSync(files, { level: 0 });
}
