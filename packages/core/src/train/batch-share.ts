import type { JsTree } from "@jax-js/jax";
import { UsageError } from "../errors.js";
import type { Executor, PlacedArray } from "../executor/executor.js";
import type { HostArray } from "../params/host-array.js";
import { treeFlatten } from "../params/pytree.js";

/**
 * The share of every batch that this process computes, where several processes train one flow together. Each takes the
 * same steps: order and noise are functions of (seed, step, place in the batch). Every parameter has an owner, the one
 * process that has the sum of its gradient, moves it, and sends it to the others.
 */
export type BatchShare = Readonly<{
  /** Number of this process, from 0, and how many there are. */
  part: number;
  of: number;
  /**
   * Adds each array up over all processes, in place, in the process that owns it. The terms are added in the order of the
   * processes, so the bits depend on their number alone. The arrays of other owners stay as they are.
   */
  sumTo(arrays: readonly Float32Array[], owners: readonly number[]): Promise<void>;
  /** Copies each array from its owner to all others. */
  spread(arrays: readonly Float32Array[], owners: readonly number[]): Promise<void>;
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

/** Numbers of every process, in their order. */
export async function gatherNumbers(
  { part, of, spread }: BatchShare,
  mine: readonly number[],
): Promise<Float32Array[]> {
  const all = Array.from({ length: of }, () => new Float32Array(mine.length));
  all[part]?.set(mine);
  await spread(all, [...all.keys()]);
  return all;
}

/** Lets `change` write to placed float32 arrays, as host memory. The given tree is replaced by the returned one. */
export async function changePlaced(
  executor: Executor,
  placed: JsTree<PlacedArray>,
  change: (arrays: readonly Float32Array[]) => Promise<void>,
): Promise<JsTree<PlacedArray>> {
  const numbers = (host: JsTree<HostArray>): Float32Array[] =>
    treeFlatten(host).leaves.map(({ data }) => data as Float32Array);
  if (executor.peek) {
    await change(numbers(executor.peek(placed)));
    return placed;
  }
  const host = await executor.fetch(placed);
  await change(numbers(host));
  executor.release(placed);
  return executor.place(host);
}
