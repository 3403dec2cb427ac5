import type { ColumnMetaData, PageHeader, SchemaTree } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import { isFlatColumn } from "hyparquet/src/schema.js";

/** A page as it stands in the file. */
type PackedPage = Readonly<{ header: PageHeader; packed: Uint8Array }>;

/** Values of a dictionary are at least a bit each. */
const BITS = 8;

/**
 * The pages of a column of a row group. Their headers claim no more than there is.
 *
 * @throws RangeError for a damaged header
 */
export function* pagesOf(
  buffer: ArrayBuffer,
  meta: ColumnMetaData,
  path: SchemaTree[],
  rows: number,
): Generator<PackedPage> {
  const bytes = new Uint8Array(buffer);
  const reader = { view: new DataView(buffer), offset: 0 };
  const flat = isFlatColumn(path);
  const most = flat ? Math.min(rows, Number(meta.num_values)) : Number(meta.num_values);
  let values = 0;
  while (reader.offset < bytes.length - 1 && !(flat && values >= rows)) {
    const header = parquetHeader(reader);
    const { compressed_page_size: size } = header;
    if (!(size >= 0 && reader.offset + size <= bytes.length))
      throw new RangeError(`a page of ${size} bytes where ${bytes.length - reader.offset} are left`);
    values += checkHeader(header, most - values);
    yield { header, packed: bytes.subarray(reader.offset, reader.offset + size) };
    reader.offset += size;
  }
}

/** @returns the number of values in the page, of a dictionary none */
function checkHeader(header: PageHeader, left: number): number {
  const { type, uncompressed_page_size: size } = header;
  const { num_values: count } =
    header.data_page_header ?? header.data_page_header_v2 ?? header.dictionary_page_header ?? {};
  const most = type === "DICTIONARY_PAGE" ? BITS * Number(size) : left;
  if (count !== undefined && Number.isInteger(count) && count >= 0 && count <= most)
    return type === "DICTIONARY_PAGE" ? 0 : count;
  throw new RangeError(`a page of ${count} values where ${most} are left`);
}
