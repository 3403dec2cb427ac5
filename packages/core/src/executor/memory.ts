import { MemoryError } from "../errors.js";
import type { Parameter } from "../params/parameter-list.js";
import { sizeOf } from "../shape.js";
import type { Executor } from "./executor.js";

/** Bytes of a number (float32). */
const NUMBER = 4;

/** Size of the memory of jax-js, which computes initial values and latents, in bytes. */
const REACH = 4 * 2 ** 30;

/** Most numbers of one array. */
const LONGEST = 2 ** 32 - 1;

const inJax = { memory: () => REACH };
const inOneArray = { memory: () => NUMBER * LONGEST };

/**
 * Checks the memory before a large allocation: a machine that runs out of memory does not report an error, it stalls.
 *
 * @param fits describes the amount that fits into a number of bytes, for the message
 * @throws MemoryError
 */
function expectMemory(
  executor: Pick<Executor, "memory">,
  what: string,
  bytes: number,
  fits: (available: number) => string,
): void {
  const available = executor.memory?.() ?? Number.POSITIVE_INFINITY;
  if (bytes > available) throw new MemoryError(what, bytes, available, { fits: fits(available) });
}

/**
 * The same for `count` things of `numbers` numbers each on the host, in one array.
 *
 * @throws MemoryError
 */
export function expectMemoryForEach(
  executor: Pick<Executor, "memory">,
  what: string,
  count: number,
  numbers: number,
): void {
  for (const where of [inOneArray, executor])
    expectMemory(where, what, NUMBER * numbers * count, (available) => {
      return `${shown(available / (NUMBER * numbers))} fit`;
    });
}

const shown = (count: number): string => Math.floor(count).toLocaleString("en-US");

/**
 * The same for `copies` simultaneous copies of the parameters of a flow: in memory and, with `again` more copies of the
 * largest layer, in the memory of jax-js.
 *
 * @throws MemoryError that names the largest layer
 */
export function expectMemoryFor(
  executor: Pick<Executor, "memory">,
  layers: readonly string[],
  parameters: readonly Pick<Parameter, "path" | "shape">[],
  { copies, again = 0 }: { copies: number; again?: number },
): void {
  const numbers = new Map<string, number>();
  for (const { path, shape } of parameters) {
    const layer = layers[Number.parseInt(path, 10)] ?? path;
    numbers.set(layer, (numbers.get(layer) ?? 0) + sizeOf(shape));
  }
  const [largest = ["", 0], ...others] = [...numbers].sort(([, a], [, b]) => b - a);
  const all = others.reduce((sum, [, count]) => sum + count, largest[1]);
  const what = `a network of ${shown(all)} parameters`;
  const refuse = (where: Pick<Executor, "memory">, named: string, held: number): void =>
    expectMemory(where, named, NUMBER * held, (available) => {
      const fit = (all * available) / (NUMBER * held);
      return `${largest[0]} has ${shown(largest[1])} of them; ${shown(fit)} fit in total`;
    });
  refuse(executor, what, copies * all);
  refuse(inJax, `${what}, in the memory of jax-js,`, all + again * largest[1]);
}
