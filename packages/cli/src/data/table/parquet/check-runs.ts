/** Values beyond the last one that a run may have: bit-packed runs are filled up, by some writers to 64 groups of 8. */
const FILLING = 512;

/** Widest values, in bits. */
const WIDEST = 32;

const problem = (what: string): RangeError => new RangeError(`damaged page: ${what}`);

/** Runs of values of `width` bits: where they stand, and how many values they are to have. */
export type Runs = Readonly<{ at: number; end: number; width: number; count: number }>;

/**
 * Walks the runs of the hybrid of run lengths and bit packing. A run that claims more values than are left is refused: the
 * decoder fills as many as it claims, up to 2³¹.
 *
 * @param wanted a value that is to be counted
 * @returns how many of the values are `wanted`
 * @throws RangeError for a damaged page
 *
 * Source: apache/parquet-format, Encodings.md, "RLE = 3".
 */
export function checkRuns(bytes: Uint8Array, { at: start, end, width, count }: Runs, wanted = -1): number {
  if (end > bytes.length || width > WIDEST) throw problem("levels or indices are longer than the page");
  let at = start;
  let seen = 0;
  let found = 0;
  while (seen < count) {
    let header = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || at > end || scale > 2 ** 28) throw problem("a run is cut short");
      header += (byte & 127) * scale;
      if (byte < 128) break;
    }
    const packed = header % 2 === 1;
    const length = Math.floor(header / 2) * (packed ? 8 : 1);
    const left = count - seen;
    if (length > left + FILLING) throw problem(`a run of ${length} values where ${left} are left`);
    if (wanted >= 0)
      found += packed
        ? countPacked(bytes, at, width, Math.min(length, left), wanted)
        : valueAt(bytes, 8 * at, 8 * Math.ceil(width / 8)) === wanted
          ? Math.min(length, left)
          : 0;
    at += packed ? (length / 8) * width : Math.ceil(width / 8);
    seen += length;
  }
  return found;
}

function countPacked(bytes: Uint8Array, at: number, width: number, length: number, wanted: number): number {
  let found = 0;
  for (let i = 0; i < length; i++) if (valueAt(bytes, 8 * at + i * width, width) === wanted) found++;
  return found;
}

/** The `width` bits from a bit on, the lowest first; bits beyond the end are 0. */
function valueAt(bytes: Uint8Array, bit: number, width: number): number {
  let value = 0;
  for (let i = 0; i < width; i++) value += (((bytes[(bit + i) >>> 3] ?? 0) >>> ((bit + i) & 7)) & 1) * 2 ** i;
  return value;
}
