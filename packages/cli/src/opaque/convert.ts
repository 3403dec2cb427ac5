import { DataError, DomainError, UsageError } from "@flowify/core";
import { makeRng, sizeOf } from "@flowify/core/layer";
import { CLOSE, type GivenModel, loadRuntime, openGiven, type Runtime } from "@flowify/onnx";
import { differencesAlone, openNetwork } from "../guard/network.js";
import { openForInput } from "../networks/model-file.js";
import { naming } from "../networks/naming.js";
import { inFloat32 } from "./run.js";
import type { OpaqueFunction } from "./schema.js";

/** A network of a file that is taken as one step. */
export type ConvertedFunction = Readonly<{
  of: OpaqueFunction;
  /** The file, with all weights inside: unchanged where they were. */
  original: Uint8Array;
  nodes: number;
  weights: number;
  /** Inputs that were run together and alone, and the largest relative difference. */
  inputs: number;
  maxRelDiff: number;
}>;

export type FunctionOptions = Readonly<{
  input?: string;
  output?: string;
  inputShape?: readonly number[];
  range?: readonly [number, number];
  seed?: number;
}>;

/** Most numbers of the output that a flow sees as they are. */
const MOST_SEEN = 1024;

const INPUTS = 4;

/**
 * The network of a file as one step: any that ONNX Runtime can run, with a row of numbers for each example.
 *
 * @throws UsageError, DataError, DomainError, DeviceError where it is none, naming the file
 */
export async function convertFunction(file: string, options: FunctionOptions): Promise<ConvertedFunction> {
  const { bytes, external, input } = await openForInput(file, options.input);
  return naming(file, async () => {
    const given = openGiven(bytes, external, { input, anyFloat: true });
    const original = given.isSplit ? given.showing([]) : bytes;
    const { output: wanted } = options;
    if (wanted !== undefined) given.expectValue(wanted);
    const output = wanted ?? onlyOutput(given);
    const inShape = exampleShape(given, options.inputShape);
    const run = given.outputs.some(({ name }) => name === output) ? original : given.showing([output]);
    const checked = await checkRows(await loadRuntime(), run, given, { output, inShape }, options);
    const size = sizeOf(checked.outShape);
    return {
      of: {
        input: given.input.name,
        inShape,
        output,
        outShape: [...checked.outShape],
        seen: Math.min(size, MOST_SEEN),
      },
      original,
      nodes: given.nodes,
      weights: given.weights,
      inputs: INPUTS,
      maxRelDiff: checked.difference,
    };
  });
}

function onlyOutput({ outputs }: GivenModel): string {
  const names = outputs.map(({ name }) => name);
  const [first = ""] = names;
  if (names.length === 1) return first;
  throw new UsageError(`it has ${names.length} outputs: ${names.join(", ")}\nchoose one by --output`);
}

/** Most numbers of an example. */
const MOST_NUMBERS = 2 ** 26;

/** Sizes of an example. Errors: `DataError` where the file leaves some open, for none, and for more than fit into memory. */
function exampleShape({ input: { name, shape } }: GivenModel, chosen?: readonly number[]): number[] {
  const sizes = shape.slice(1);
  const known = chosen ?? sizes;
  const fits =
    known.length === sizes.length && sizes.every((size, i) => typeof size !== "number" || size === known[i]);
  if (!fits)
    throw new UsageError(`the shape of an example ${known.join(",")}: the file has [${shape.join(", ")}]`);
  const open = known.findIndex((size) => typeof size !== "number");
  const usual = sizes.length > 2 ? 224 : 28;
  if (open >= 0)
    throw new DataError(
      `the input ${JSON.stringify(name)} is [${shape.join(", ")}]: axis ${open + 1} has no size in the file\nset the shape of an example by --input-shape, such as ${sizes.map((size) => (typeof size === "number" ? size : usual)).join(",")}`,
    );
  const count = sizeOf(known as number[]);
  if (count < 1 || count > MOST_NUMBERS)
    throw new DataError(
      `the input ${JSON.stringify(name)} is [${shape.join(", ")}], ${count} numbers for an example; expected 1 to ${MOST_NUMBERS}\nset other sizes by --input-shape, or export the network for smaller inputs`,
    );
  return known as number[];
}

/** Runs inputs together and alone: each example must have its own row. */
async function checkRows(
  runtime: Runtime,
  bytes: Uint8Array,
  given: GivenModel,
  { output, inShape }: Pick<OpaqueFunction, "output" | "inShape">,
  { range: [low, high] = [0, 1], seed = 0 }: FunctionOptions,
): Promise<{ outShape: readonly number[]; difference: number }> {
  const size = sizeOf(inShape);
  const rng = makeRng(seed);
  const inputs = Float32Array.from({ length: INPUTS * size }, () => low + (high - low) * rng.uniform());
  const network = inFloat32(await openNetwork({ runtime, given, example: inShape }, bytes));
  try {
    const all = await network.all(inputs);
    const together = all[output];
    if (!together)
      throw new DataError(
        `${JSON.stringify(output)} has no row for each example, or another size for other examples\nname another value by --output`,
      );
    if (!(together.data instanceof Float32Array))
      throw new DataError(
        `${JSON.stringify(output)} holds no floating point numbers\nname another value by --output`,
      );
    expectFinite(together.data, output, given, [low, high]);
    const difference = (await differencesAlone(network, inputs, INPUTS, all)).get(output) ?? Number.NaN;
    if (!(difference <= CLOSE))
      throw new DataError(
        `${JSON.stringify(output)} of an example depends on the others of its batch, or on chance (largest relative difference: ${difference.toExponential(1)})\nexport the network with the batch as first axis, for inference`,
      );
    return { outShape: together.shape, difference };
  } finally {
    await network.dispose();
  }
}

function expectFinite(
  values: Float32Array,
  output: string,
  given: GivenModel,
  [low, high]: readonly [number, number],
): void {
  if (values.every(Number.isFinite)) return;
  const weights = given.nonFinite();
  throw new DomainError(
    `${JSON.stringify(output)} is not finite for inputs from ${low} to ${high}${weights === undefined ? "\nset the range of its inputs by --range" : `: the weights ${JSON.stringify(weights)} are not finite\nexport the network again`}`,
  );
}
