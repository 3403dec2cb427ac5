/** Bytes that one byte of Snappy stands for at most: a copy of 64 bytes takes three. */
const LARGEST_RATIO = 22;

/**
 * Unpacks a raw Snappy block of exactly `size` bytes. Every length is checked before it is used: the decoder of hyparquet goes
 * back and never ends where a literal has a negative length.
 *
 * @throws RangeError for a damaged block
 *
 * Source: google/snappy, format_description.txt.
 */
export function unpackSnappy(packed: Uint8Array, size: number): Uint8Array {
  if (size > LARGEST_RATIO * packed.length) throw new RangeError("damaged Snappy: too short");
  const out = new Uint8Array(size);
  let at = 0;
  let to = 0;
  const number = (bytes: number): number => {
    let value = 0;
    for (let i = 0; i < bytes; i++) value += (packed[at + i] ?? Number.NaN) * 2 ** (8 * i);
    at += bytes;
    return value;
  };
  while ((packed[at++] ?? 0) >= 128); // the length, which the page header has as well
  while (at < packed.length) {
    const tag = packed[at++]!;
    const kind = tag & 3;
    const short = tag >>> 2;
    if (kind === 0) {
      const length = 1 + (short < 60 ? short : number(short - 59));
      if (!(at + length <= packed.length && to + length <= size))
        throw new RangeError("damaged Snappy: a literal is too long");
      out.set(packed.subarray(at, at + length), to);
      at += length;
      to += length;
      continue;
    }
    const length = kind === 1 ? 4 + (short & 7) : 1 + short;
    const back = kind === 1 ? ((tag >>> 5) << 8) + number(1) : number(kind === 2 ? 2 : 4);
    if (!(back >= 1 && back <= to && to + length <= size))
      throw new RangeError("damaged Snappy: a copy leads out of the block");
    if (back >= length) out.copyWithin(to, to - back, to - back + length);
    else for (let i = 0; i < length; i++) out[to + i] = out[to + i - back]!;
    to += length;
  }
  if (to !== size) throw new RangeError("damaged Snappy: too short");
  return out;
}
