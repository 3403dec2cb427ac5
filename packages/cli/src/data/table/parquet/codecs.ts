import type { Compressors } from "hyparquet";
import { unpackZstd } from "../zstd.js";
import { unpackSnappy } from "./snappy.js";

/** Bytes of an unpacked page at most; writers make pages of about 1 MiB. */
const LARGEST_PAGE = 2 ** 28;

const own: Compressors = { UNCOMPRESSED: (bytes) => bytes, SNAPPY: unpackSnappy, ZSTD: unpackZstd };

/**
 * The decoder of a codec of Parquet. What it unpacks is exactly as long as the page header says.
 *
 * @param others decoders besides Snappy and Zstandard
 * @throws RangeError for a codec that is not supported; the decoder throws where a page is damaged
 */
export function codecOf(name: string, others: Compressors): (packed: Uint8Array, size: number) => Uint8Array {
  const codecs = { ...others, ...own };
  const unpack = Object.hasOwn(codecs, name) ? codecs[name as keyof Compressors] : undefined;
  if (unpack === undefined)
    throw new RangeError(`compressed by ${name}, expected ${Object.keys(codecs).join(", ")}`);
  return (packed, size) => {
    if (!(size >= 0 && size <= LARGEST_PAGE))
      throw new RangeError(`a page of ${size} bytes, expected at most ${LARGEST_PAGE}`);
    const page = unpack(packed, size);
    if (page.length !== size)
      throw new RangeError(`a page has ${page.length} bytes, its header says ${size}`);
    return page;
  };
}
