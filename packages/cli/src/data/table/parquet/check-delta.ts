const problem = (what: string): RangeError => new RangeError(`damaged page: ${what}`);

/** Bits of a difference, and bytes of a number of variable length at most. */
const WIDEST = 64;
const LONGEST = 10;

/**
 * Walks the blocks of `count` whole numbers that are written as differences. The decoder goes back, and never ends, where a block has
 * a negative size.
 *
 * @throws RangeError for a damaged page
 *
 * Source: apache/parquet-format, Encodings.md, "DELTA_BINARY_PACKED = 5".
 */
export function checkDelta(bytes: Uint8Array, start: number, count: number): void {
  let at = start;
  const variable = (): number => {
    let value = 0;
    for (let i = 0; i < LONGEST; i++) {
      const byte = bytes[at++];
      if (byte === undefined) throw problem("cut short");
      value += (byte & 127) * 2 ** (7 * i);
      if (byte < 128) return value;
    }
    throw problem("a number of more than 64 bits");
  };
  const [block, parts] = [variable(), variable()];
  const values = block / parts;
  if (!(Number.isInteger(values / 8) && values > 0 && block < 2 ** 31))
    throw problem(`blocks of ${block} values in ${parts} parts`);
  variable(); // the number of values, which the page header has as well
  variable(); // the first value
  for (let seen = 1; seen < count; ) {
    variable();
    const widths = bytes.subarray(at, at + parts);
    at += parts;
    for (let part = 0; part < parts && seen < count; part++) {
      const width = widths[part] ?? WIDEST + 1;
      if (width > WIDEST) throw problem("cut short, or differences of more than 64 bits");
      at += (values * width) / 8;
      seen += values;
    }
    // the last part may end with its last value
    if (seen < count && at > bytes.length) throw problem("cut short");
  }
}
