import {
  DataError,
  DomainError,
  type Flow,
  FlowModel,
  type FlowParams,
  type HostArray,
  jaxExecutor,
  UnsupportedOpError,
} from "@flowify/core";
import { fromHost, sizeOf } from "@flowify/core/layer";
import { tree } from "@jax-js/jax";
import { type BitStack, newStack, type StoredBits, storedStack } from "./bit-stack.js";
import { normalNumbers } from "./drop.js";
import type { GridCoder } from "./grid.js";
import { ENGINE } from "./grid-network.js";
import { layerCoder } from "./layer-coder.js";
import type { NumberCoder } from "./normals.js";

/** Examples as bits, and how many they are. */
export type Compressed = Readonly<{ bits: StoredBits; examples: number }>;

/** Most numbers of all examples: they are held in memory. */
const MOST_NUMBERS = 2 ** 28;

/** Called after each example with the number of examples that are done, and the bits that they take so far. */
export type CodecProgress = (done: number, bits: number) => void;

/**
 * Lossless compression by a flow: bits-back coding with asymmetric numeral systems, layer by layer on a grid of fixed-point
 * numbers. In expectation an example takes −log₂ of its probability as the flow bounds it.
 *
 * Source: Townsend et al. 2019 (arXiv:1901.04866); Ho et al. 2019 (arXiv:1905.08500); Hoogeboom et al. 2019 (arXiv:1905.07376).
 */
export type Codec = Readonly<{
  /**
   * Integers of 0 … levels − 1, [n, …inShape] row-major.
   *
   * @param below other compressed data, which the first noise is popped from; without enough of it random words from a seed,
   * which add to the size
   */
  encode(examples: ArrayLike<number>, below?: Uint16Array, onProgress?: CodecProgress): Promise<Compressed>;
  /**
   * The examples in their order, to the bit, and what was below. The last example comes first.
   *
   * @throws DataError for bits that are damaged, or that another flow or engine made
   */
  decode(
    compressed: Compressed,
    onProgress?: (done: number) => void,
  ): Promise<{ examples: Uint8Array; below: Uint16Array }>;
  dispose(): void;
}>;

/**
 * The codec of a flow with named arrays, those of a checkpoint.
 *
 * @throws UnsupportedOpError that names a layer that cannot be coded, DomainError for a flow of real numbers, CheckpointError for
 * arrays that are missing or do not fit
 */
export async function createCodec(
  flow: Flow,
  arrays: { readonly [name: string]: HostArray },
): Promise<Codec> {
  const { base, chain, domain, dimensions } = flow;
  const { levels } = domain;
  if (levels === undefined || levels > 256)
    throw new DomainError(
      `compress: needs a flow of integers below at most 256, got ${levels ?? "real numbers"}\nput dequantize in front of the network`,
    );
  if (flow.condition)
    throw new UnsupportedOpError(
      "condition",
      "flow",
      "compress: a density with a condition cannot be coded\nuse one without a condition",
    );
  if (base.name !== "standardNormal")
    throw new UnsupportedOpError(base.name, "base", `base ${base.name}: cannot be coded without loss`);
  const coder = await layerCoder(chain, await paramsFrom(flow, arrays));
  const latent = { size: sizeOf(base.shape), numbers: normalNumbers(1) };
  return {
    async encode(examples, below, onProgress) {
      const stack = newStack(below);
      const count = examples.length / dimensions;
      if (examples.length > MOST_NUMBERS)
        throw new DomainError(
          `compress: ${examples.length} numbers at once, at most ${MOST_NUMBERS}\ncompress the examples in parts`,
        );
      for (let k = 0; k < count; k++) {
        const x = Float64Array.from({ length: dimensions }, (_, i) => examples[k * dimensions + i] as number);
        const odd = x.find((v) => !(Number.isInteger(v) && v >= 0 && v < levels));
        if (odd !== undefined)
          throw new DomainError(`compress: expected integers of 0..${levels - 1}, got ${odd}`);
        await encodeExample(coder, latent, x, stack);
        onProgress?.(k + 1, stack.length());
      }
      return { bits: stack.store(), examples: count };
    },
    async decode({ bits, examples }, onProgress) {
      const stack = storedStack(bits);
      if (!(examples * dimensions <= MOST_NUMBERS)) throw damaged();
      const found = new Uint8Array(examples * dimensions);
      for (let k = examples - 1; k >= 0; k--) {
        found.set(await decodeExample(coder, latent, stack).catch(orDamaged), k * dimensions);
        onProgress?.(examples - k);
      }
      const below = stack.rest();
      if (!below) throw damaged();
      return { examples: found, below };
    },
    dispose: coder.dispose,
  };
}

const damaged = (cause?: unknown): DataError =>
  new DataError("compressed data: damaged, or made with other weights or on another engine", { cause });

/** What cannot be coded was never coded. */
function orDamaged(cause: unknown): never {
  throw cause instanceof DomainError ? damaged(cause) : cause;
}

/** The arrays as parameters on the engine that networks inside of layers run on. */
async function paramsFrom(flow: Flow, arrays: { readonly [name: string]: HostArray }): Promise<FlowParams> {
  const model = await FlowModel.fromArrays(flow, arrays, jaxExecutor());
  const { params } = model;
  await model.dispose();
  return tree.map((value: HostArray) => fromHost(value, ENGINE), params as never) as FlowParams;
}

type Latent = Readonly<{ size: number; numbers: NumberCoder }>;

async function encodeExample(coder: GridCoder, { numbers }: Latent, x: Float64Array, bits: BitStack) {
  const z = await coder.encode(x, bits);
  for (const [i, value] of z.entries()) numbers.push(bits, value, i);
}

async function decodeExample(coder: GridCoder, { size, numbers }: Latent, bits: BitStack) {
  const z = new Float64Array(size);
  for (let i = size - 1; i >= 0; i--) z[i] = numbers.pop(bits, i);
  return coder.decode(z, bits);
}
