import { DeviceError, type HostArray, MemoryError, type PlacedArray } from "@flowify/core";
import { type ClosedJaxpr, type JsTree, tree } from "@jax-js/jax";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { lower } from "./lower/lower.js";
import { type GraphModel, withConstants } from "./lower/model.js";
import { argumentTensors, resultTensors, type TensorStore } from "./tensors.js";
import type { Signature } from "./trace.js";

/** A program that was compiled, on tensors. */
export type NativeProgram = Readonly<{
  /** Operations of its products and convolutions. */
  flops: number;
  run(
    args: readonly JsTree<PlacedArray | HostArray>[],
    into: JsTree<PlacedArray> | undefined,
  ): Promise<JsTree<PlacedArray>>;
  dispose(): Promise<void>;
}>;

export type OnnxProgramOptions = Readonly<{
  session: InferenceSession.SessionOptions;
  /** Bytes that the program may take. */
  memory: number;
  /** The values of the first arguments, built in: ONNX Runtime packs them for its products. */
  constants?: readonly HostArray[];
}>;

/**
 * ONNX Runtime's arena in bytes that are alive at once: it grows by powers of two. Training steps of
 * the networks took 1.9 to 2.9 times.
 */
const ARENA = 2;

/** Lowers a traced program to an ONNX graph and compiles that to a session of ONNX Runtime. */
export async function onnxProgram(
  store: TensorStore,
  traced: ClosedJaxpr,
  signature: Signature,
  { session: options, memory, constants = [] }: OnnxProgramOptions,
): Promise<NativeProgram> {
  const { name, outputs, structure } = signature;
  const inputNames = signature.inputs.map((slot) => slot.name);
  const fixed = new Set(inputNames.slice(0, constants.length));
  const lowered = lower(traced, { name, inputNames, outputNames: outputs.map((slot) => slot.name), fixed });
  const model = withConstants(
    lowered,
    new Map(constants.map((value, i) => [inputNames[i] as string, value])),
  );
  const bytes = ARENA * model.peak + constants.reduce((sum, { data }) => sum + data.byteLength, 0);
  if (bytes > memory) throw new MemoryError(name, bytes, memory);
  const session = await createSession(store, model, options, name);
  const used = new Set(model.inputs.map((input) => input.name));
  return {
    flops: model.flops,
    async run(args, into) {
      const feeds: Record<string, Tensor> = {};
      argumentTensors(store, signature, args).forEach((tensor, i) => {
        const input = signature.inputs[i]?.name as string;
        if (used.has(input)) feeds[input] = tensor;
      });
      // A buffer that is read in this call cannot be written in it: nodes run in any order.
      const read = new Set(Object.values(feeds));
      const results = resultTensors(store, outputs, into, (tensor) => !read.has(tensor));
      const fetches = Object.fromEntries(outputs.map((slot, i) => [slot.name, results[i] as Tensor]));
      if (results.length > 0) {
        try {
          await store.engine.run(session, feeds, fetches);
        } catch (cause) {
          throw new DeviceError(`${name}: ONNX Runtime failed: ${String(cause)}`, { cause });
        }
      }
      return tree.unflatten<PlacedArray>(structure, results);
    },
    async dispose() {
      if (options.enableProfiling) session.endProfiling();
      await session.release();
    },
  };
}

async function createSession(
  { engine }: TensorStore,
  model: GraphModel,
  options: InferenceSession.SessionOptions,
  name: string,
): Promise<InferenceSession> {
  try {
    return await engine.runtime.InferenceSession.create(engine.toBytes(model), options);
  } catch (cause) {
    throw new DeviceError(`${name}: ONNX Runtime rejected the graph: ${String(cause)}`, { cause });
  }
}
