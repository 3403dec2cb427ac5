/** How often each value of a column comes, as far as values are counted. */
export type ValueCounts = Readonly<{
  /** A number stands for its text: numbers are counted without a text for each cell. */
  add(value: string | number): void;
  /** Every value was counted. */
  complete(): boolean;
  byText(): ReadonlyMap<string, number>;
}>;

/**
 * @param most different values that are counted one by one
 * @param textOf the text that a number stands for
 */
export function valueCounts(most: number, textOf: (value: number) => string): ValueCounts {
  const texts = new Map<string, number>();
  const numbers = new Map<number, number>();
  let complete = true;
  let all: ReadonlyMap<string, number> | undefined;
  const count = <V>(counts: Map<V, number>, value: V): void => {
    const before = counts.get(value);
    if (before !== undefined) counts.set(value, before + 1);
    else if (texts.size + numbers.size < most)
      counts.set((typeof value === "string" ? detached(value) : value) as V, 1);
    else complete = false;
  };
  return {
    add(value) {
      all = undefined;
      if (typeof value === "number") count(numbers, value);
      else count(texts, value);
    },
    complete: () => complete,
    byText() {
      all ??= numbers.size === 0 ? texts : joined(texts, numbers, textOf);
      return all;
    },
  };
}

/** The same text without the piece of a file that it was cut from, which engines keep in memory with a text of 13 letters and more. */
export const detached = (text: string): string => (text.length < 13 ? text : text.split("").join(""));

function joined(
  texts: ReadonlyMap<string, number>,
  numbers: ReadonlyMap<number, number>,
  textOf: (value: number) => string,
): ReadonlyMap<string, number> {
  const all = new Map(texts);
  for (const [number, times] of numbers) {
    const text = textOf(number);
    all.set(text, (all.get(text) ?? 0) + times);
  }
  return all;
}
