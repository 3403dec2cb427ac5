import { MemoryError } from "../errors.js";
import type { Parameter } from "../params/parameter-list.js";
import { sizeOf } from "../shape.js";
import type { Executor } from "./executor.js";

/** Bytes of a number, which is a float32 everywhere. */
const NUMBER = 4;

/** Bytes that the memory of jax-js reaches, in which start values and latents are made. */
const REACH = 4 * 2 ** 30;

/** Numbers that one array holds at most. */
const LONGEST = 2 ** 32 - 1;

const inJax = { memory: () => REACH };
const inOneArray = { memory: () => NUMBER * LONGEST };

/**
 * Asked before anything large is made: a machine that runs out of memory does not say so, it stands still.
 *
 * @param fits what would fit into so many bytes, for the message
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
 * The same for so many things of a kind, each of so many numbers: in the memory of jax-js, and on the host, where they lie in one
 * array.
 *
 * @throws MemoryError
 */
export function expectMemoryForEach(
  executor: Pick<Executor, "memory">,
  what: string,
  count: number,
  { jax = 0, host }: { jax?: number; host: number },
): void {
  for (const [where, numbers] of [
    [inJax, jax],
    [inOneArray, host],
    [executor, host],
  ] as const)
    expectMemory(where, what, NUMBER * numbers * count, (available) => {
      return `${shown(available / (NUMBER * numbers))} fit`;
    });
}

const shown = (count: number): string => Math.floor(count).toLocaleString("en-US");

/**
 * The same for the parameters of a flow, `copies` of which are held at once: in memory, and, with `again` times those of the
 * largest layer, in that of jax-js.
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
      return `${largest[0]} has ${shown(largest[1])} of them; ${shown(fit)} in all fit`;
    });
  refuse(executor, what, copies * all);
  refuse(inJax, `${what}, in the memory of jax-js,`, all + again * largest[1]);
}
