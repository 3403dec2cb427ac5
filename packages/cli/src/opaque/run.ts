import { readFileSync } from "node:fs";
import { applyNetwork, DomainError } from "@flowify/core";
import { sizeOf } from "@flowify/core/layer";
import { type Computed, loadRuntime, openGiven, type Runtime } from "@flowify/onnx";
import { numpy as np } from "@jax-js/jax";
import type { ImageShape, RowShape } from "../data/image-set.js";
import { isRowShape } from "../data/image-set.js";
import { openNetwork } from "../guard/network.js";
import { fromPixels } from "../networks/pixels.js";
import type { OpaqueFunction } from "./schema.js";

/** Outputs of a network for examples of a data set, one after another. */
export type OutputsOf = (examples: Uint8Array | Float32Array) => Promise<Float32Array>;

type OpenFunction = Readonly<{ outputsOf: OutputsOf; dispose(): Promise<void> }>;

/** From inputs to the outputs that a flow sees. */
type Running = Readonly<{
  run(inputs: Float32Array): Promise<Float32Array>;
  dispose(): Promise<void>;
}>;

/** Pixels that are preprocessed at once. */
const AT_ONCE = 2 ** 22;

/** Numbers of an example as means of neighbours, so many of them. */
function meansOf(data: Float32Array, size: number, seen: number): Float32Array {
  if (size === seen) return data;
  const edge = (place: number): number => Math.floor((place * size) / seen);
  return Float32Array.from({ length: (data.length / size) * seen }, (_, i) => {
    const [at, place] = [Math.floor(i / seen) * size, i % seen];
    const own = data.subarray(at + edge(place), at + edge(place + 1));
    return own.reduce((sum, value) => sum + value, 0) / own.length;
  });
}

/** Runs the value of a file that the function is. Errors: `DeviceError` where ONNX Runtime cannot. */
async function openRunning(
  runtime: Runtime,
  bytes: Uint8Array,
  { input, inShape, output, seen }: OpaqueFunction,
): Promise<Running> {
  const given = openGiven(bytes, undefined, input);
  const isOutput = given.outputs.some(({ name }) => name === output);
  const network = await openNetwork(
    { runtime, given, example: inShape },
    isOutput ? bytes : given.showing([output]),
  );
  return {
    async run(inputs) {
      const { data, shape } = (await network.all(inputs))[output] as Computed;
      const size = sizeOf(shape);
      const outputs = meansOf(data as Float32Array, size, seen);
      const bad = outputs.findIndex((value) => !Number.isFinite(value));
      if (bad >= 0)
        throw new DomainError(
          `the output ${JSON.stringify(output)} of the network is ${outputs[bad]} for example ${Math.floor(bad / seen)}\nleave the example out, or check its scale (--normalize)`,
        );
      return outputs;
    },
    dispose: network.dispose,
  };
}

/** The function of a file for examples of this shape, pixels 0 to 255 or rows. */
export async function openFunction(
  file: string,
  of: OpaqueFunction,
  shape: ImageShape | RowShape,
): Promise<OpenFunction> {
  const network = await openRunning(await loadRuntime(), readFileSync(file), of);
  if (isRowShape(shape))
    return { outputsOf: (rows) => network.run(Float32Array.from(rows)), dispose: network.dispose };
  const layers = fromPixels(shape, of.inShape, of.normalize);
  const size = sizeOf(shape);
  const some = Math.max(1, Math.floor(AT_ONCE / size)) * size;
  return {
    async outputsOf(pixels) {
      const outputs = new Float32Array((pixels.length / size) * of.seen);
      for (let at = 0; at < pixels.length; at += some) {
        const x = np.array(Float32Array.from(pixels.subarray(at, at + some))).reshape([-1, ...shape]);
        const inputs = (await applyNetwork({ inShape: shape, layers }, x).data()) as Float32Array;
        outputs.set(await network.run(inputs), (at / size) * of.seen);
      }
      return outputs;
    },
    dispose: network.dispose,
  };
}
