import { type Zippable, zip } from "fflate";
import { encodeCheckpoint, runConfigText } from "flowify/format";
import type { OpenRun } from "./open-run.js";

const text = (content: string): Uint8Array => new TextEncoder().encode(content);

/** A zip archive of these files, stored uncompressed because weights hardly compress. */
const archive = (files: Zippable): Promise<Uint8Array<ArrayBuffer>> =>
  new Promise((done, fail) =>
    zip(files, { level: 0 }, (error, bytes) => (error ? fail(error) : done(bytes))),
  );

/** The folder of a run as the command writes and reads it, in a zip archive. */
export async function saveRun({
  config,
  state,
  metrics,
  weights,
  original,
}: OpenRun): Promise<Uint8Array<ArrayBuffer>> {
  const last = metrics.filter((line) => line.step === state.step);
  const { data, sidecar } = await encodeCheckpoint({ network: config.network, state, metrics: last });
  return archive({
    "config.json": text(runConfigText(config)),
    "metrics.jsonl": text(metrics.map((line) => `${JSON.stringify(line)}\n`).join("")),
    [`checkpoints/${data.name}`]: data.bytes,
    [`checkpoints/${sidecar.name}`]: sidecar.bytes,
    ...(weights && { [config.description?.weights ?? "weights.safetensors"]: weights }),
    ...(original && { "original.onnx": original }),
  });
}
