/** Bits of a pass, and the highest ones, which a last pass takes. */
const BITS = 11;
const LOW = 2 ** BITS - 1;
const SIGN = 0x80000000;

/** Where the numbers begin that have each of these bits, by how many there are. */
function starts(counts: Uint32Array): void {
  let before = 0;
  for (let bits = 0; bits < counts.length; bits++) {
    const count = counts[bits]!;
    counts[bits] = before;
    before += count;
  }
}

/** Sorts numbers in place, NaN at the ends, in three passes over their bits (radix sort): several times as fast as `sort`. */
export function sortNumbers(numbers: Float32Array): Float32Array {
  const own = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);
  const other = new Uint32Array(own.length);
  const [low, middle, high] = [new Uint32Array(LOW + 1), new Uint32Array(LOW + 1), new Uint32Array(LOW + 1)];
  for (let i = 0; i < own.length; i++) {
    const bits = own[i]!;
    // in the order of the numbers: those below zero turned round, all others above them
    const key = (bits & SIGN ? ~bits : bits | SIGN) >>> 0;
    own[i] = key;
    low[key & LOW]!++;
    middle[(key >>> BITS) & LOW]!++;
    high[key >>> (2 * BITS)]!++;
  }
  for (const counts of [low, middle, high]) starts(counts);
  for (let i = 0; i < own.length; i++) other[low[own[i]! & LOW]!++] = own[i]!;
  for (let i = 0; i < own.length; i++) own[middle[(other[i]! >>> BITS) & LOW]!++] = other[i]!;
  for (let i = 0; i < own.length; i++) other[high[own[i]! >>> (2 * BITS)]!++] = own[i]!;
  for (let i = 0; i < own.length; i++) {
    const key = other[i]!;
    own[i] = key & SIGN ? key ^ SIGN : ~key;
  }
  return numbers;
}
