/** The value at a place of a list. @throws RangeError where it has none: a fault of the program */
export function valueAt<T>(values: ArrayLike<T>, place: number): T {
  const value = values[place];
  if (value === undefined) throw new RangeError(`no value at place ${place} of ${values.length}`);
  return value;
}

export const lastOf = <T>(values: ArrayLike<T>): T => valueAt(values, values.length - 1);

/** The values at some places, in the order of the places. */
export const valuesAt = <T>(values: ArrayLike<T>, places: ArrayLike<number>): T[] =>
  Array.from(places, (place) => valueAt(values, place));

/** The value of a key. @throws RangeError where there is none */
export function valueUnder<K, V>(values: ReadonlyMap<K, V>, key: K): V {
  const value = values.get(key);
  if (value === undefined) throw new RangeError(`no value of ${String(key)}`);
  return value;
}

/** The entry of a name. @throws RangeError where there is none */
export function entryOf<V>(values: Readonly<Partial<Record<string, V>>>, name: string): V {
  const value = values[name];
  if (value === undefined) throw new RangeError(`no value of ${name}`);
  return value;
}
