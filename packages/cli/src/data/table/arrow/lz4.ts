const problem = (what: string): RangeError => new RangeError(`damaged LZ4: ${what}`);

const MAGIC = 0x184d2204;

/** Bytes that one byte of a block stands for at most. */
const LARGEST_RATIO = 256;

/**
 * Unpacks an LZ4 frame of exactly `size` bytes. Checksums are passed over.
 *
 * @throws RangeError for a damaged frame
 *
 * Source: lz4/lz4, lz4_Frame_format.md and lz4_Block_format.md.
 */
export function unpackLz4(packed: Uint8Array, size: number): Uint8Array {
  if (!(size >= 0 && size <= LARGEST_RATIO * packed.length)) throw problem("too short");
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  if (packed.length < 7 || view.getUint32(0, true) !== MAGIC) throw problem("not a frame");
  const flags = packed[4]!;
  const [hasSize, hasBlockSums, hasDictionary] = [(flags & 8) > 0, (flags & 16) > 0, (flags & 1) > 0];
  if (hasDictionary) throw problem("a dictionary is needed");
  const out = new Uint8Array(size);
  let at = 7 + (hasSize ? 8 : 0);
  let to = 0;
  while (true) {
    const header = view.getUint32(at, true);
    const length = header & 0x7fff_ffff;
    at += 4;
    if (header === 0) break;
    if (at + length > packed.length) throw problem("a block is cut short");
    const block = packed.subarray(at, at + length);
    if (header >>> 31 === 1) {
      if (to + length > size) throw problem("too long");
      out.set(block, to);
      to += length;
    } else to = unpackBlock(block, out, to);
    at += length + (hasBlockSums ? 4 : 0);
  }
  if (to !== size) throw problem("too short");
  return out;
}

/** Unpacks a block behind the `start` bytes that are there; returns where it ends. */
function unpackBlock(block: Uint8Array, out: Uint8Array, start: number): number {
  let at = 0;
  let to = start;
  const lengthOf = (nibble: number): number => {
    let length = nibble;
    if (nibble < 15) return length;
    for (;;) {
      const byte = block[at++];
      if (byte === undefined) throw problem("a length is cut short");
      length += byte;
      if (byte < 255) return length;
    }
  };
  while (at < block.length) {
    const token = block[at++]!;
    const literals = lengthOf(token >>> 4);
    if (at + literals > block.length || to + literals > out.length) throw problem("a literal is too long");
    out.set(block.subarray(at, at + literals), to);
    at += literals;
    to += literals;
    if (at === block.length) break; // the last sequence has no copy
    const back = block[at]! + (block[at + 1] ?? 0) * 256;
    at += 2;
    const length = 4 + lengthOf(token & 15);
    if (back === 0 || back > to || to + length > out.length) throw problem("a copy leads out of the block");
    if (back >= length) out.copyWithin(to, to - back, to - back + length);
    else for (let i = 0; i < length; i++) out[to + i] = out[to + i - back]!;
    to += length;
  }
  return to;
}
