import {
  type Computed,
  type GivenModel,
  type OriginalNetwork,
  openOriginal,
  type Runtime,
} from "@flowify/onnx";
import type { Examples } from "./examples.js";
import { expectFinite, type Tap, tapGraph } from "./taps.js";

/** Rows of taps and of the first output, of some examples. */
export type Activations = Readonly<{
  count: number;
  taps: readonly Float32Array[];
  output: Float32Array | undefined;
}>;

/** A network that returns rows of its taps. */
export type TappedNetwork = Readonly<{
  taps: readonly Tap[];
  /** Numbers of the first output for an example. */
  outputs: number;
  run(input: Float32Array): Promise<Activations>;
  dispose(): Promise<void>;
}>;

/** Numbers of inputs in one call, about, and examples at most. */
const CALL = { numbers: 2 ** 20, examples: 128 } as const;

const inOneCall = (size: number): number =>
  Math.max(1, Math.min(CALL.examples, Math.floor(CALL.numbers / size)));

/** Runs a file on inputs, with the sizes of an example where the file leaves them open. */
export async function openNetwork(
  runtime: Runtime,
  bytes: Uint8Array,
  { input }: Pick<GivenModel, "input">,
  example: readonly number[],
): Promise<
  Readonly<{ all(inputs: Float32Array): Promise<Readonly<Record<string, Computed>>> }> &
    Pick<OriginalNetwork, "dispose">
> {
  const size = example.reduce((a, b) => a * b, 1);
  const opened = await openOriginal(runtime, bytes, { input: input.name, example });
  return { all: (inputs) => opened.all(inputs, inOneCall(size)), dispose: opened.dispose };
}

/** The network with its taps as outputs. */
export async function openTapped(
  runtime: Runtime,
  given: GivenModel,
  taps: readonly Tap[],
  example: readonly number[],
): Promise<TappedNetwork> {
  const network = await openNetwork(runtime, given.with(tapGraph(taps)), given, example);
  const first = given.outputs[0]!.name;
  const size = example.reduce((a, b) => a * b, 1);
  let outputs = 0;
  return {
    taps,
    get outputs() {
      return outputs;
    },
    async run(input) {
      const found = await network.all(input);
      const rows = taps.map(({ name }, i) => {
        const data = found[`tap ${i}`]!.data as Float32Array;
        expectFinite(name, data, given);
        return data;
      });
      const output = found[first];
      const isScores = output?.data instanceof Float32Array && output.shape.length === 1;
      if (isScores) outputs = output.shape[0]!;
      return {
        count: input.length / size,
        taps: rows,
        output: isScores ? output.data : undefined,
      };
    },
    dispose: network.dispose,
  };
}

/** Activations of some examples of a set. */
export const activationsOf = async (
  network: TappedNetwork,
  examples: Examples,
  places: ArrayLike<number>,
): Promise<Activations> => network.run(await examples.toInput(examples.plain(places)));

/** The largest output of each row. */
export const classesOf = (output: Float32Array, outputs: number): Uint8Array =>
  Uint8Array.from({ length: output.length / outputs }, (_, row) => {
    const own = output.subarray(row * outputs, (row + 1) * outputs);
    return own.indexOf(Math.max(...own));
  });
