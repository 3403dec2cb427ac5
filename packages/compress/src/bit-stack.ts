import { DataError, DomainError } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";

/** Probabilities are multiples of 2⁻²⁴. */
export const TOTAL = 2 ** 24;

/** @throws DomainError for a symbol that does not lie in [0, `TOTAL`): it would never fit on the stack */
function expectSymbol(start: number, count: number): void {
  if (
    Number.isInteger(start) &&
    Number.isInteger(count) &&
    start >= 0 &&
    count >= 1 &&
    start + count <= TOTAL
  )
    return;
  throw new DomainError(
    `compress: expected a symbol within 0 to 2^24, got ${count} places from ${start}; leave the example out`,
  );
}

const WORD = 2 ** 16;
/** The state lies in [LEAST, LEAST · WORD): 48 bits, which numbers of JavaScript hold exactly. */
const LEAST = 2 ** 32;

/** The last symbol that was pushed lies in front; a word is 16 bits. */
export type StoredBits = Readonly<{ words: Uint16Array; prefix: number; seed: number }>;

/**
 * A stack of bits: asymmetric numeral systems with ranges (rANS). `push` of a symbol of probability p adds −log₂ p bits, and `pop`
 * takes as many off again, from whatever lies on the stack. Bits-back coding pops its noise from there.
 *
 * At the bottom lie random bits from a seed: the prefix. It is as long as was needed, `prefix` counts its words, and they are
 * part of the stored size. Source: Duda 2013 (arXiv:1311.2540); Townsend et al. 2019 (arXiv:1901.04866).
 */
export type BitStack = Readonly<{
  /**
   * A symbol that owns [start, start + count) of `TOTAL` = 2²⁴; count ≥ 1.
   *
   * @throws DomainError for another range
   */
  push(start: number, count: number): void;
  /** The place in [0, TOTAL) that lies in the range of the next symbol; it stays on the stack. */
  peek(): number;
  /**
   * Takes off the symbol with the place that `peek` returned, by its range.
   *
   * @throws DomainError for another range, DataError where a stored stack is empty: it holds all that was drawn
   */
  pop(start: number, count: number): void;
  /** Bits on the stack; those of the prefix that are left there count as well. */
  length(): number;
  /** Everything, for `storedStack`. */
  store(): StoredBits;
  /** The words that lay there at first, where all that was pushed is popped again; undefined where anything else is left. */
  rest(): Uint16Array | undefined;
}>;

/** A stack of these words, which noise is popped from first; by default empty. */
export const newStack = (words: Uint16Array = new Uint16Array(), seed = 0): BitStack =>
  stackOf(Array.from(words), LEAST, 0, seed, true);

/**
 * The stack as it was when it was stored.
 *
 * @throws DataError for fewer than three words
 */
export function storedStack({ words, prefix, seed }: StoredBits): BitStack {
  const [low, middle, high] = [words.at(-1), words.at(-2), words.at(-3)];
  if (low === undefined || middle === undefined || high === undefined)
    throw new DataError(`compressed data: expected at least 3 words, got ${words.length}`);
  const state = (high * WORD + middle) * WORD + low;
  if (state < LEAST) throw new DataError("compressed data: damaged, the state of the coder is out of range");
  return stackOf(Array.from(words.subarray(0, -3)), state, prefix, seed, false);
}

/** The first words of the prefix; word 0 is the first that is popped. */
function prefixOf(seed: number): (at: number) => number {
  const rng = makeRng(seed, 0x9e37);
  const drawn: number[] = [];
  return (at) => {
    while (drawn.length <= at) drawn.push(rng.bits() >>> 16);
    return drawn[at] as number;
  };
}

function stackOf(words: number[], initial: number, used: number, seed: number, grows: boolean): BitStack {
  const prefix = prefixOf(seed);
  const drawOne = (): number => {
    if (grows) return prefix(drawn++);
    throw new DataError("compressed data: damaged, it ends before its last example");
  };
  let state = initial;
  let drawn = used;
  return {
    push(start, count) {
      expectSymbol(start, count);
      while (state >= count * (LEAST / TOTAL) * WORD) {
        words.push(state % WORD);
        state = Math.floor(state / WORD);
      }
      state = Math.floor(state / count) * TOTAL + start + (state % count);
    },
    peek: () => state % TOTAL,
    pop(start, count) {
      expectSymbol(start, count);
      state = count * Math.floor(state / TOTAL) + (state % TOTAL) - start;
      while (state < LEAST) state = state * WORD + (words.pop() ?? drawOne());
    },
    length: () => 16 * words.length + Math.log2(state),
    store: () => ({
      words: Uint16Array.from([
        ...words,
        Math.floor(state / (WORD * WORD)),
        Math.floor(state / WORD) % WORD,
        state % WORD,
      ]),
      prefix: drawn,
      seed,
    }),
    rest: () =>
      state === LEAST &&
      words.length >= drawn &&
      words.slice(0, drawn).every((word, i) => word === prefix(drawn - 1 - i))
        ? Uint16Array.from(words.slice(drawn))
        : undefined,
  };
}
