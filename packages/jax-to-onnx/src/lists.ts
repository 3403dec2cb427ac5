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

/** The permutation that takes another one back. */
export const inverse = (perm: readonly number[]): number[] => perm.map((_, i) => perm.indexOf(i));

type Times<N extends number, T> = N extends 2 ? [T, T] : N extends 4 ? [T, T, T, T] : T[];

/** The entries in front, as many as are named. */
export const leading = <T, N extends number>(list: ArrayLike<T>, count: N): Times<N, T> =>
  Array.from({ length: count }, (_, place) => nth(list, place)) as Times<N, T>;
