import type { JsTree } from "@jax-js/jax";
import { UsageError } from "../errors.js";
import type { Executor, PlacedArray } from "../executor/executor.js";
import type { HostArray } from "../params/host-array.js";
import { treeFlatten } from "../params/pytree.js";

/**
 * The share of every batch that this process computes, where several processes train one flow together. Each takes the
 * same steps: order and noise are functions of (seed, step, place in the batch), gradients are added up, and every
 * process moves all parameters.
 */
export type BatchShare = Readonly<{
  /** Number of this process, from 0, and how many there are. */
  part: number;
  of: number;
  /** Adds the arrays up over all processes, in place; the sums have the same bits in all of them. */
  sum(arrays: readonly Float32Array[]): Promise<void>;
  /** Called with all parameters by path every 100 steps: throws where those of another process differ. */
  compare(parameters: ReadonlyMap<string, Float32Array>, step: number): Promise<void>;
}>;

/** Examples of a batch, [from, to). */
export type Rows = Readonly<{ from: number; to: number }>;

/** The examples of a batch that belong to this process. Errors: `UsageError` where there is none for each. */
export function rowsOf(batchSize: number, share: BatchShare | undefined): Rows {
  if (share === undefined) return { from: 0, to: batchSize };
  const { part, of } = share;
  if (of > batchSize)
    throw new UsageError(`a batch of ${batchSize} has no example for each of ${of} processes`);
  const upTo = (parts: number): number => Math.floor((batchSize * parts) / of);
  return { from: upTo(part), to: upTo(part + 1) };
}

/** Adds placed float32 arrays up over all processes. The given tree is replaced by the returned one. */
export async function sumPlaced(
  executor: Executor,
  { sum }: BatchShare,
  placed: JsTree<PlacedArray>,
): Promise<JsTree<PlacedArray>> {
  const numbers = (host: JsTree<HostArray>): Float32Array[] =>
    treeFlatten(host).leaves.map(({ data }) => data as Float32Array);
  if (executor.peek) {
    await sum(numbers(executor.peek(placed)));
    return placed;
  }
  const host = await executor.fetch(placed);
  await sum(numbers(host));
  executor.release(placed);
  return executor.place(host);
}
