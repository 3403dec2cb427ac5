import type { ColumnMetaData, Compressors, DecodedArray, PageHeader, SchemaTree } from "hyparquet";
import { parquetHeader, readColumn } from "hyparquet/src/column.js";
import { DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import { isFlatColumn } from "hyparquet/src/schema.js";
import { checkLevels, checkPage, checkValuesV2 } from "./check-page.js";
import { codecOf } from "./codecs.js";

/** Checks the unpacked content of a page. */
type PageCheck = (page: Uint8Array) => void;

/** Values of a dictionary are at least a bit each. */
const BITS = 8;

/**
 * Decodes one column of a row group, after its pages are found to hold what they claim: hyparquet believes them.
 *
 * @throws RangeError and other errors for a damaged column
 */
export function decodeColumn(
  bytes: ArrayBuffer,
  meta: ColumnMetaData,
  path: SchemaTree[],
  rows: number,
  compressors: Compressors,
): DecodedArray[] {
  const unpack = codecOf(meta.codec, compressors);
  const checks = pageChecks(bytes, meta, path, rows);
  const decoder = {
    pathInSchema: meta.path_in_schema,
    type: meta.type,
    element: path.at(-1)!.element,
    schemaPath: path,
    parsers: DEFAULT_PARSERS,
    // one name for every codec, so that all pages come by here
    codec: "GZIP" as const,
    compressors: {
      GZIP: (packed: Uint8Array, size: number) => {
        const page = unpack(packed, size);
        checks.get(packed.byteOffset)?.(page);
        return page;
      },
    },
  };
  const reader = { view: new DataView(bytes), offset: 0 };
  return readColumn(reader, { groupStart: 0, groupRows: rows, selectStart: 0, selectEnd: rows }, decoder)
    .data;
}

/** What is to be checked in a page once it is unpacked, by the place of its first packed byte. The rest is checked at once. */
function pageChecks(
  buffer: ArrayBuffer,
  meta: ColumnMetaData,
  path: SchemaTree[],
  rows: number,
): ReadonlyMap<number, PageCheck> {
  const bytes = new Uint8Array(buffer);
  const checks = new Map<number, PageCheck>();
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
    addCheck(checks, bytes.subarray(reader.offset, reader.offset + size), header, path);
    reader.offset += size;
  }
  return checks;
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

function addCheck(
  checks: Map<number, PageCheck>,
  packed: Uint8Array,
  { type, data_page_header: first, data_page_header_v2: second, uncompressed_page_size: size }: PageHeader,
  path: SchemaTree[],
): void {
  if (type === "DATA_PAGE" && first)
    checks.set(packed.byteOffset, (page) => {
      checkPage(page, first, path);
    });
  if (type !== "DATA_PAGE_V2" || !second) return;
  const at = checkLevels(packed, second, path);
  const check: PageCheck = (page) => {
    checkValuesV2(page, second, path);
  };
  if (second.is_compressed === false || Number(size) === at) check(packed.subarray(at));
  else checks.set(packed.byteOffset + at, check);
}
