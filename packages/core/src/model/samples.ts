import type { Base } from "../base.js";
import { UsageError } from "../errors.js";
import { type ConditionOption, type Examples, readConditions } from "../examples.js";
import type { Executor } from "../executor/executor.js";
import { expectMemoryForEach } from "../executor/memory.js";
import type { Flow } from "../flow.js";
import { makeRng } from "../math/rng.js";
import { type DrawOptions, mapTreeOfNoise, noiseDrawer } from "../noise.js";
import { fromHost } from "../params/host.js";
import type { HostArray } from "../params/host-array.js";
import { sizeOf } from "../shape.js";
import { STREAM } from "../train/data.js";
import { takeToHost } from "../train/state.js";
import { LARGEST, type RowFunction, type RunOptions, type SampleOptions } from "./batch-parts.js";
import type { BatchRunner } from "./batches.js";
import { refuseNaN } from "./evaluation.js";

/**
 * The latents that a seed stands for. They are drawn in batches of 256, so they do not depend on how many are drawn in a call.
 *
 * @param temperature factor on the normal noises
 */
function latentStream(base: Base, seed: number, temperature: number) {
  const rng = makeRng(seed, STREAM.latent);
  const whole = noiseDrawer(base.noise, LARGEST);
  const size = sizeOf(base.shape);
  const draw = async (count: number): Promise<Float32Array> => {
    const noise = (count === LARGEST ? whole : noiseDrawer(base.noise, count))(rng, temperature);
    const z = await takeToHost(base.draw(mapTreeOfNoise(noise, (leaf) => fromHost(leaf))));
    return (z as HostArray).data as Float32Array;
  };
  return {
    /** Passes over so many latents, whole batches of them: their numbers are drawn and dropped. */
    skip(count: number): void {
      for (let done = 0; done < count; done += LARGEST) whole(rng);
    },
    /** The next latents, [count, …shape]; all calls but the last ask for whole batches. */
    async next(count: number): Promise<Float32Array> {
      const latents = new Float32Array(count * size);
      for (let done = 0; done < count; done += LARGEST)
        latents.set(await draw(Math.min(LARGEST, count - done)), done * size);
      return latents;
    },
  };
}

/** Copies of the latents of a sample on the host: those of the stream, and those of the batches that are computed. */
const LATENTS = 2;

/** Examples in a block of samples at most, and numbers. */
const BLOCK = { examples: 4096, numbers: 2 ** 20 } as const;

/** n latents. Errors: `UsageError`, `MemoryError` for a number of samples that is none, or too large. */
export async function latentsOf(
  { base, dimensions }: Flow,
  executor: Executor,
  n: number,
  { seed = 0, temperature = 1 }: DrawOptions,
): Promise<Float32Array> {
  expectCount(n);
  expectMemoryForEach(executor, `drawing ${n} samples`, n, LATENTS * sizeOf(base.shape) + dimensions);
  return latentStream(base, seed, temperature).next(n);
}

/** z ↦ x. `sample`: a separate program for latents that the model sampled, none of which is an outlier. */
export const decodeRow = (
  { decode, inverseNoise, latentShape }: Flow,
  name: "decode" | "sample",
  domain: Flow["condition"],
  isDrawn = false,
): RowFunction => ({
  name: isDrawn ? `${name} with outputs` : name,
  f: decode,
  inShape: latentShape,
  noise: inverseNoise,
  itemwise: name === "sample",
  condition: domain?.shape,
});

/** `decodeRow` of latents; outputs of a function that are not given are drawn. */
export const decodeRows = (
  flow: Flow,
  runner: BatchRunner,
  name: "decode" | "sample",
  latents: Examples,
  { condition: given, ...options }: RunOptions & ConditionOption,
): Promise<Float32Array> => {
  const { condition } = flow;
  const domain = condition?.computed && given === undefined ? undefined : condition;
  return runner.run(
    decodeRow(flow, name, domain, domain !== condition),
    { ...latents, ...readConditions(name, domain, given, latents.count) },
    STREAM.sample,
    { ...options, check: refuseNaN("decode") },
  );
};

/** The samples `from` to `to` of n, in blocks. Errors: `UsageError` for another range. */
export async function* sampleBlocks(
  flow: Flow,
  runner: BatchRunner,
  n: number,
  {
    from = 0,
    to = n,
    condition,
    ...options
  }: SampleOptions & ConditionOption & { from?: number; to?: number },
): AsyncGenerator<Float32Array> {
  expectCount(n);
  const isEdge = (at: number): boolean => at % LARGEST === 0 || at === n;
  if (!(from >= 0 && from <= to && to <= n && isEdge(from) && isEdge(to)))
    throw new UsageError(
      `samples ${from} to ${to} of ${n}: expected multiples of ${LARGEST} within the number of samples`,
    );
  const { base, dimensions } = flow;
  const most = 2 ** Math.floor(Math.log2(BLOCK.numbers / Math.max(dimensions, sizeOf(base.shape))));
  const size = Math.min(Math.max(most, LARGEST), BLOCK.examples);
  const latents = latentStream(base, options.seed ?? 0, options.temperature ?? 1);
  latents.skip(from);
  const isDrawn = flow.condition?.computed === true && condition === undefined;
  const { conditions } = isDrawn ? {} : readConditions("sample", flow.condition, condition, n);
  const width = flow.condition ? sizeOf(flow.condition.shape) : 0;
  for (let at = from; at < to; at += size) {
    const count = Math.min(size, to - at);
    const examples = await latents.next(count);
    const firstBatch = at / LARGEST;
    yield decodeRows(
      flow,
      runner,
      "sample",
      { examples, count },
      {
        ...options,
        firstBatch,
        ...(conditions && { condition: conditions.subarray(at * width, (at + count) * width) }),
      },
    );
  }
}

/** @throws UsageError for a number of samples that is none */
function expectCount(n: number): void {
  if (!Number.isInteger(n) || n < 1)
    throw new UsageError(`the number of samples must be a positive integer, got ${n}`);
}
