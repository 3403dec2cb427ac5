/** Entries that are known to be there: a place outside of a list is an error here, and no `undefined` further on. */

/** An entry; counted from the end where `place` is negative. For loops over numbers it is too slow. */
export function nth<T>(list: ArrayLike<T>, place: number): T {
  const found = list[place < 0 ? list.length + place : place];
  if (found === undefined) throw new RangeError(`a list of ${list.length} has no place ${place}`);
  return found;
}

/** The entries at these places, in their order. */
export const pick = <T>(list: ArrayLike<T>, places: readonly number[]): T[] =>
  places.map((place) => nth(list, place));

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

export const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((n, i) => n === b[i]);

export const sumOf = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** Neighbours that belong together, one list for each group. */
export function runsOf<T>(list: Iterable<T>, together: (before: T, next: T) => boolean): T[][] {
  const runs: T[][] = [];
  for (const each of list) {
    const run = runs.at(-1);
    if (run && together(nth(run, -1), each)) run.push(each);
    else runs.push([each]);
  }
  return runs;
}

/** A list as blocks of entries that stay adjacent in another order, and the order of the blocks there. */
export function blocksOf<T>(list: readonly T[], order: readonly T[]): { blocks: T[][]; perm: number[] } {
  const blocks = runsOf(list, (before, next) => order.indexOf(before) + 1 === order.indexOf(next));
  const place = (block: number): number => order.indexOf(nth(nth(blocks, block), 0));
  return { blocks, perm: [...blocks.keys()].sort((a, b) => place(a) - place(b)) };
}

/** The permutation that takes another one back. */
export const inverse = (perm: readonly number[]): number[] => perm.map((_, i) => perm.indexOf(i));

type Times<N extends number, T> = N extends 2 ? [T, T] : N extends 4 ? [T, T, T, T] : T[];

/** The entries in front, as many as are named. */
export const leading = <T, N extends number>(list: ArrayLike<T>, count: N): Times<N, T> =>
  Array.from({ length: count }, (_, place) => nth(list, place)) as Times<N, T>;
