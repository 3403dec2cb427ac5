import { sizeOf } from "@flowify/core/layer";
import { type Computed, type GivenModel, openOriginal, type Runtime } from "@flowify/onnx";
import { relativeDifference } from "@flowify/onnx/browser";
import { entryOf, valueAt } from "../places.js";
import type { Examples } from "./examples.js";
import { expectFinite, type Tap, tapGraph } from "./taps.js";

/** The network of a file, where it runs, and the sizes of an example where the file leaves them open. */
export type Subject = Readonly<{ runtime: Runtime; given: GivenModel; example: readonly number[] }>;

/** A file that runs on inputs; all of its outputs by name. */
type OpenNetwork = Readonly<{
  all(inputs: Float32Array): Promise<Readonly<Record<string, Computed>>>;
  dispose(): Promise<void>;
}>;

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

/** Opens a file with the inputs of a network. */
export async function openNetwork(
  { runtime, given, example }: Subject,
  bytes: Uint8Array,
): Promise<OpenNetwork> {
  const opened = await openOriginal(runtime, bytes, { input: given.input.name, example });
  return { all: (inputs) => opened.all(inputs, inOneCall(sizeOf(example))), dispose: opened.dispose };
}

/** Largest relative difference, by output with finite numbers, of the first examples run with others and alone. */
export async function differencesAlone(
  { all }: OpenNetwork,
  inputs: Float32Array,
  count: number,
  together: Readonly<Record<string, Computed>>,
): Promise<Map<string, number>> {
  const size = inputs.length / count;
  const alone: Readonly<Record<string, Computed>>[] = [];
  for (let i = 0; i < count; i++) alone.push(await all(inputs.subarray(i * size, (i + 1) * size)));
  return new Map(
    Object.entries(together).flatMap(([name, { data, shape }]) => {
      if (!(data instanceof Float32Array)) return [];
      const first = data.subarray(0, count * sizeOf(shape));
      const own = alone.flatMap((each) => Array.from((each[name]?.data ?? []) as Float32Array));
      return first.every(Number.isFinite) ? [[name, relativeDifference(first, own)] as const] : [];
    }),
  );
}

export async function openTapped(subject: Subject, taps: readonly Tap[]): Promise<TappedNetwork> {
  const { given, example } = subject;
  const network = await openNetwork(subject, given.with(tapGraph(taps)));
  const first = valueAt(given.outputs, 0).name;
  let outputs = 0;
  return {
    taps,
    get outputs() {
      return outputs;
    },
    async run(input) {
      const found = await network.all(input);
      const rows = taps.map(({ name }, i) => {
        const data = entryOf(found, `tap ${i}`).data as Float32Array;
        expectFinite(name, data, given);
        return data;
      });
      const output = found[first];
      const isScores = output?.data instanceof Float32Array && output.shape.length === 1;
      if (isScores) outputs = valueAt(output.shape, 0);
      return {
        count: input.length / sizeOf(example),
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
