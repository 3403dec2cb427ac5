import { decompress } from "fzstd";

const MAGIC = 0xfd2fb528;

/**
 * Unpacks a Zstandard frame of exactly `size` bytes. Checksums are passed over.
 *
 * @throws RangeError for a damaged frame, and one of another size
 *
 * Source: RFC 8878
 */
export function unpackZstd(packed: Uint8Array, size: number): Uint8Array {
  const stated = contentSize(packed) ?? size;
  if (stated !== size) throw new RangeError(`damaged Zstandard: ${stated} bytes, expected ${size}`);
  try {
    return decompress(packed, new Uint8Array(size)); // given, so that no other size is allocated
  } catch (cause) {
    throw new RangeError(`damaged Zstandard: ${(cause as Error).message}`, { cause });
  }
}

/** The size in the header of the frame; undefined if it has none (section 3.1.1.1). */
function contentSize(packed: Uint8Array): number | undefined {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  if (packed.length < 5 || view.getUint32(0, true) !== MAGIC) throw new RangeError("no frame of Zstandard");
  const descriptor = view.getUint8(4);
  const [flag, single] = [descriptor >> 6, (descriptor >> 5) & 1];
  const at = 5 + (1 - single) + [0, 1, 2, 4][descriptor & 3]!;
  const bytes = flag === 0 ? single : 1 << flag;
  if (at + bytes > packed.length) throw new RangeError("damaged Zstandard: cut short");
  if (bytes === 0) return undefined;
  if (bytes === 1) return view.getUint8(at);
  if (bytes === 2) return view.getUint16(at, true) + 256;
  return bytes === 4 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true));
}
