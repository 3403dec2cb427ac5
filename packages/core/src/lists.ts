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

/** What a record has under a name. */
export function named<T>(record: { readonly [name: string]: T }, name: string): T {
  const found = record[name];
  if (found === undefined)
    throw new RangeError(`there is no ${name} among ${Object.keys(record).join(", ")}`);
  return found;
}

/** A list of N things. */
export type Times<N extends number, T> = N extends 2 ? [T, T] : N extends 3 ? [T, T, T] : T[];

/** The entries in front, as many as are named. */
export const leading = <T, N extends number>(list: ArrayLike<T>, count: N): Times<N, T> =>
  Array.from({ length: count }, (_, place) => nth(list, place)) as Times<N, T>;

/** Parts one after another, in one array of this kind. */
export function joined<A extends Readonly<{ set(part: ArrayLike<number>, at: number): void }> = Float32Array>(
  parts: readonly ArrayLike<number>[],
  kind: new (length: number) => A = Float32Array as never,
): A {
  const all = new kind(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
