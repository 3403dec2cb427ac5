import { readFileSync } from "node:fs";
import { DomainError } from "@flowify/core";
import { sizeOf } from "@flowify/core/layer";
import { type Computed, loadRuntime, openGiven } from "@flowify/onnx";
import type { ImageShape, RowShape } from "../data/image-set.js";
import { isRowShape } from "../data/image-set.js";
import { preprocessing } from "../guard/examples.js";
import { openNetwork } from "../guard/network.js";
import type { OpaqueFunction } from "./schema.js";

/** Outputs of a network for examples of a data set, one after another. */
export type OutputsOf = (examples: Uint8Array | Float32Array) => Promise<Float32Array>;

type OpenFunction = Readonly<{ outputsOf: OutputsOf; dispose(): Promise<void> }>;

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

/** A network with float32 numbers in place of float64 ones. */
export const inFloat32 = (network: Awaited<ReturnType<typeof openNetwork>>): typeof network => ({
  ...network,
  async all(inputs) {
    const found = Object.entries(await network.all(inputs));
    return Object.fromEntries(
      found.map(([name, { data, shape }]) => [
        name,
        { data: data instanceof Float64Array ? Float32Array.from(data) : data, shape },
      ]),
    );
  },
});

/** The function of a file for examples of this shape, pixels 0 to 255 or rows. Errors: `DeviceError` where ONNX Runtime cannot. */
export async function openFunction(
  file: string,
  { input, inShape, output, seen, normalize }: OpaqueFunction,
  shape: ImageShape | RowShape,
): Promise<OpenFunction> {
  const [runtime, bytes] = [await loadRuntime(), readFileSync(file)];
  const given = openGiven(bytes, undefined, { input, anyFloat: true });
  const isOutput = given.outputs.some(({ name }) => name === output);
  const subject = { runtime, given, example: inShape };
  const network = inFloat32(await openNetwork(subject, isOutput ? bytes : given.showing([output])));
  const toInput = isRowShape(shape)
    ? async (rows: ArrayLike<number>) => Float32Array.from(rows)
    : preprocessing(shape, inShape, normalize);
  return {
    async outputsOf(examples) {
      const found = (await network.all(await toInput(examples)))[output] as Computed;
      const outputs = meansOf(found.data as Float32Array, sizeOf(found.shape), seen);
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
