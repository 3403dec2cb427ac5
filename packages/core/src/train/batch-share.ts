import type { JsTree } from "@jax-js/jax";
import { UsageError } from "../errors.js";
import type { Executor } from "../executor/executor.js";
import { nth } from "../lists.js";
import type { HostArray } from "../params/host-array.js";
import type { TrainedPath } from "../params/parameter-paths.js";
import { treeFlatten } from "../params/pytree.js";
import { type Shape, sizeOf } from "../shape.js";

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

/**
 * The products of an orthogonal matrix of so many rows cost as much as to add its numbers up, to move them and to send them
 * within a machine: measured for `fmlp`, 0.065 ns for each number and row against 2.4 ns for each number.
 */
const ROWS = 40;

/** What a parameter costs its owner, in numbers that are added up, moved and sent. */
const costOf = ({ kind }: TrainedPath, shape: Shape): number =>
  sizeOf(shape) * (kind === "orthogonal" ? 1 + nth(shape, 0) / ROWS : 1);

/**
 * The owner of each parameter that moves, among so many processes: the dearest first, each to the process that has the
 * least so far. A parameter has one owner, so the largest one bounds what several processes save. -1 for fixed ones.
 */
export function ownersOf(
  leaves: readonly TrainedPath[],
  specs: readonly Readonly<{ shape: Shape }>[],
  of: number,
): number[] {
  const costs = leaves.map((leaf, i) => costOf(leaf, specs[i]?.shape ?? []));
  const owners = leaves.map(() => -1);
  const sums = new Array<number>(of).fill(0);
  const byCost = [...leaves.keys()].sort((a, b) => nth(costs, b) - nth(costs, a));
  for (const i of byCost.filter((i) => leaves[i]?.kind !== "fixed")) {
    const owner = sums.indexOf(Math.min(...sums));
    owners[i] = owner;
    sums[owner] = nth(sums, owner) + nth(costs, i);
  }
  return owners;
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
export async function changePlaced<T extends object>(
  executor: Executor,
  placed: T,
  change: (arrays: readonly Float32Array[]) => Promise<void>,
): Promise<T> {
  const numbers = (host: JsTree<HostArray>): Float32Array[] =>
    treeFlatten(host).leaves.map(({ data }) => data as Float32Array);
  if (executor.peek) {
    await change(numbers(executor.peek(placed)));
    return placed;
  }
  const host = await executor.fetch(placed);
  await change(numbers(host));
  executor.release(placed);
  return executor.place(host) as Promise<T>;
}
