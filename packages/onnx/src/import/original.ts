import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { DeviceError } from "@flowify/core";
import * as onnx from "onnx-buf";
import type { Runtime } from "../runtime.js";
import type { ConvertedNetwork } from "./convert.js";
import type { ExternalData } from "./tensor.js";

/** The network of an ONNX file as ONNX Runtime computes it. */
export type OriginalNetwork = Readonly<{
  /** Items one after the other in the layout of the file ↦ what the converted network stands for, likewise. */
  run(items: Float32Array): Promise<Float32Array>;
  dispose(): Promise<void>;
}>;

/**
 * Opens the file that a network was converted from in ONNX Runtime, with the converted network's result as
 * its only output.
 *
 * @throws DeviceError where ONNX Runtime rejects the file, or takes other numbers than float32
 */
export async function openOriginal(
  { InferenceSession, Tensor }: Runtime,
  bytes: Uint8Array,
  { input, output }: ConvertedNetwork,
  external?: ExternalData,
): Promise<OriginalNetwork> {
  const model = fromBinary(onnx.ModelProtoSchema, bytes);
  const graph = model.graph as onnx.GraphProto;
  const type = graph.input.find(({ name }) => name === input.name)?.type?.value;
  if (type?.case !== "tensorType" || type.value.elemType !== onnx.TensorProto_DataType.FLOAT)
    throw new DeviceError(
      `the input ${JSON.stringify(input.name)} is not float32: it is not run in ONNX Runtime`,
    );
  graph.output = [create(onnx.ValueInfoProtoSchema, { name: output })];
  for (const tensor of graph.initializer) if (external) bringIn(tensor, external);
  const open = async () =>
    InferenceSession.create(toBinary(onnx.ModelProtoSchema, model), { logSeverityLevel: 4 });
  const session = await open().catch((cause: unknown) => {
    throw new DeviceError(`ONNX Runtime rejects the file: ${String(cause)}`, { cause });
  });
  const { batch, shape } = input;
  const atOnce = typeof batch === "number" ? batch : batch === "none" ? 1 : Number.POSITIVE_INFINITY;
  const size = shape.reduce((a, b) => a * b, 1) / (typeof batch === "number" ? batch : 1);
  return {
    async run(items) {
      const results: Float32Array[] = [];
      const count = items.length / size;
      for (let begin = 0; begin < count; begin += atOnce) {
        const some = Math.min(atOnce, count - begin);
        const places = typeof batch === "number" ? batch : some;
        const filled = new Float32Array(places * size); // zeros after the last item where the batch is fixed
        filled.set(items.subarray(begin * size, (begin + some) * size));
        const dims = batch === "none" ? shape : [places, ...shape.slice(1)];
        const { [output]: result } = await session.run({ [input.name]: new Tensor("float32", filled, dims) });
        const data = result?.data as Float32Array;
        results.push(data.slice(0, (data.length / places) * some));
      }
      return joined(results);
    },
    dispose: () => session.release(),
  };
}

/** Puts numbers from beside the file into it. */
function bringIn(tensor: onnx.TensorProto, external: ExternalData): void {
  if (tensor.dataLocation !== onnx.TensorProto_DataLocation.EXTERNAL) return;
  const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  const file = external(entries.get("location") ?? "") ?? new Uint8Array();
  const offset = Number(entries.get("offset") ?? 0);
  const length = Number(entries.get("length") ?? file.length - offset);
  tensor.rawData = Uint8Array.from(file.subarray(offset, offset + length));
  tensor.dataLocation = onnx.TensorProto_DataLocation.DEFAULT;
  tensor.externalData = [];
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
