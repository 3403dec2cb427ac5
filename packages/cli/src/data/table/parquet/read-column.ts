import type { ColumnMetaData, Compressors, DecodedArray, PageHeader, SchemaTree } from "hyparquet";
import { readColumn } from "hyparquet/src/column.js";
import { DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import { checkLevels, checkPage, checkValuesV2 } from "./check-page.js";
import { codecOf } from "./codecs.js";
import { pagesOf } from "./pages.js";

/** Checks the unpacked content of a page. */
type PageCheck = (page: Uint8Array) => void;

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
  const checks = new Map<number, PageCheck>();
  for (const { header, packed } of pagesOf(buffer, meta, path, rows)) addCheck(checks, packed, header, path);
  return checks;
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
