import { blocksOf, pick, sizeOf } from "../lists.js";
import type { Target, TransposeCosts } from "../target.js";

/** A Transpose with adjacent axes merged. */
type Step = Readonly<{ shape: readonly number[]; perm: readonly number[] }>;

/** Steps of a Transpose, and their time in nanoseconds. */
export type Steps = Readonly<{ steps: readonly Step[]; cost: number }>;

/** The cheapest steps for Transposes, searched for once each. */
export class TransposeSteps {
  readonly #costs: TransposeCosts;
  readonly #found = new Map<string, Steps>();

  constructor({ threads, transposes }: Pick<Target, "threads" | "transposes">) {
    const { matrix, shared } = transposes;
    this.#costs = { ...transposes, matrix: threads > 1 ? matrix + shared : matrix };
  }

  /** Fewest moved numbers that justify another node. */
  get worthANode(): number {
    return this.#costs.node / this.#costs.block;
  }

  /** One step, or two or three with a smaller total time. */
  cheapest(shape: readonly number[], perm: readonly number[]): Steps {
    const key = `${shape.join()} ${perm.join()}`;
    const steps = this.#found.get(key) ?? search(merged(shape, perm), this.#costs);
    this.#found.set(key, steps);
    return steps;
  }
}

/**
 * Dijkstra's search over the orders of axes. The steps from each order are all matrix transpositions, and block moves
 * after which the rest is the identity or one matrix transposition.
 */
function search({ shape: sizes, perm: target }: Step, costs: TransposeCosts): Steps {
  const numbers = sizeOf(sizes);
  const start = target.map((_, axis) => axis);
  const step = (from: readonly number[], to: readonly number[]): Step => {
    const perm = to.map((axis) => from.indexOf(axis));
    return merged(pick(sizes, from), perm);
  };
  const sizeAlong = (axes: readonly number[]): number => sizeOf(pick(sizes, axes));
  const costOf = (pieces: number): number => costs.node + costs.number * numbers + pieces;
  const byBlocks = (from: readonly number[], to: readonly number[]): number => {
    const kept = to.findLastIndex((axis, i) => axis !== from[i]) + 1;
    return costOf((costs.block * numbers) / sizeAlong(to.slice(kept)));
  };
  const direct = { order: target, steps: [step(start, target)], cost: byBlocks(start, target) };
  const leastOfTwo = 2 * costOf(0);
  if (start.length > costs.mostAxes || direct.cost <= leastOfTwo) return direct;
  const viaBlocks = turns(target).map(({ order }) => order);
  const known = new Map([
    [start.join(), 0],
    [target.join(), direct.cost],
  ]);
  const open: Way[] = [{ order: start, cost: 0, steps: [] }, direct];
  for (;;) {
    const way = open.reduce((best, each) => (each.cost < best.cost ? each : best));
    open.splice(open.indexOf(way), 1);
    if (way.order.join() === target.join()) return way;
    const go = (order: readonly number[], more: number): void => {
      const [cost, key] = [way.cost + more, order.join()];
      const best = Math.min(known.get(key) ?? Number.POSITIVE_INFINITY, known.get(target.join()) as number);
      if (cost >= best) return;
      known.set(key, cost);
      open.push({ order, cost, steps: [...way.steps, step(way.order, order)] });
    };
    for (const { order, stacked } of turns(way.order))
      go(order, costOf(costs.matrix * sizeAlong(order.slice(0, stacked))));
    for (const order of [target, ...viaBlocks]) go(order, byBlocks(way.order, order));
  }
}

type Way = Steps & Readonly<{ order: readonly number[] }>;

/**
 * Orders reachable by transposing a stack of matrices, [stack, a, b] to [stack, b, a], and the number of axes of the
 * stack.
 */
function turns(order: readonly number[]): { order: readonly number[]; stacked: number }[] {
  return order.flatMap((_, stacked) =>
    order.slice(stacked + 1).map((_axis, i) => {
      const middle = stacked + 1 + i;
      const turned = [...order.slice(0, stacked), ...order.slice(middle), ...order.slice(stacked, middle)];
      return { order: turned, stacked };
    }),
  );
}

/** A permutation without axes of size 1, and with axes that stay adjacent merged. */
function merged(shape: readonly number[], axes: readonly number[]): Step {
  const kept = axes.filter((axis) => shape[axis] !== 1);
  const inPlace = kept.toSorted((a, b) => a - b);
  const { blocks, perm } = blocksOf(inPlace, kept);
  return { shape: blocks.map((block) => sizeOf(pick(shape, block))), perm };
}
