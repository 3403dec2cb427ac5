import type { Runs } from "./check-runs.js";

/** Widest values that are decoded here, in bits: with the rest of a byte they fit 32 bits. */
export const WIDEST_DECODED = 24;

/**
 * Decodes runs that `checkRuns` has found to hold what they claim.
 *
 * @param to the place of the first value in `out`
 *
 * Source: apache/parquet-format, Encodings.md, "RLE = 3".
 */
export function decodeRuns(
  bytes: Uint8Array,
  { at: start, width, count }: Omit<Runs, "end">,
  out: Int32Array | Uint8Array,
  to = 0,
): void {
  const end = to + count;
  const mask = 2 ** width - 1;
  const whole = Math.ceil(width / 8);
  let at = start;
  for (let place = to; place < end; ) {
    let header = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]!;
      header += (byte & 127) * scale;
      if (byte < 128) break;
    }
    const length = Math.floor(header / 2);
    if (header % 2 === 0) {
      let value = 0;
      for (let i = 0; i < whole; i++) value |= (bytes[at + i] ?? 0) << (8 * i);
      const last = Math.min(end, place + length);
      out.fill(value, place, last);
      place = last;
      at += whole;
      continue;
    }
    const last = Math.min(end, place + 8 * length);
    let [next, bits, kept] = [at, 0, 0];
    for (; place < last; place++) {
      for (; bits < width; bits += 8) kept |= (bytes[next++] ?? 0) << bits;
      out[place] = kept & mask;
      kept >>>= width;
      bits -= width;
    }
    at += length * width;
  }
}
