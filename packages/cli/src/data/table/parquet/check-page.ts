import type { DataPageHeader, PageHeader, SchemaTree } from "hyparquet";
import { deltaBinaryUnpack } from "hyparquet/src/delta.js";
import { getMaxDefinitionLevel, getMaxRepetitionLevel } from "hyparquet/src/schema.js";
import { checkDelta } from "./check-delta.js";
import { checkRuns } from "./check-runs.js";

/** Bytes of texts that share beginnings with the text before them, of one page. */
const LARGEST_TEXTS = 2 ** 28;

type DataPageHeaderV2 = NonNullable<PageHeader["data_page_header_v2"]>;

const problem = (what: string): RangeError => new RangeError(`damaged page: ${what}`);

const viewOf = (page: Uint8Array): DataView => new DataView(page.buffer, page.byteOffset, page.byteLength);

const widthOf = (largest: number): number => 32 - Math.clz32(largest);

/** Where values begin in a page, how many there are, and how they are written; `second`: in a page of the second version. */
type Values = Readonly<{ at: number; count: number; encoding: string; second: boolean }>;

/** Where the values of a page begin, and how many there are. */
export type PageValues = Readonly<{ at: number; present: number }>;

/**
 * Checks the unpacked content of a page of the first version: levels, then values.
 *
 * @throws RangeError for a damaged page
 */
export function checkPage(page: Uint8Array, header: DataPageHeader, path: readonly SchemaTree[]): PageValues {
  const count = header.num_values;
  let at = 0;
  const levels = (largest: number): number => {
    if (largest === 0) return count;
    if (at + 4 > page.length) throw problem("cut short");
    const end = at + 4 + viewOf(page).getUint32(at, true);
    const present = checkRuns(page, { at: at + 4, end, width: widthOf(largest), count }, largest);
    at = end;
    return present;
  };
  levels(getMaxRepetitionLevel([...path]));
  const present = levels(getMaxDefinitionLevel([...path]));
  checkValues(page, { at, count: present, encoding: header.encoding, second: false }, path);
  return { at, present };
}

/**
 * Checks a page of the second version: levels, which are never packed.
 *
 * @returns where the values begin
 * @throws RangeError for a damaged page
 */
export function checkLevels(
  bytes: Uint8Array,
  header: DataPageHeaderV2,
  path: readonly SchemaTree[],
): number {
  const { num_values: count, num_nulls: missing } = header;
  const repetition = header.repetition_levels_byte_length;
  const end = repetition + header.definition_levels_byte_length;
  if (!(repetition >= 0 && end >= repetition && end <= bytes.length && missing >= 0 && missing <= count))
    throw problem("a header that contradicts itself");
  const [most, deepest] = [getMaxRepetitionLevel([...path]), getMaxDefinitionLevel([...path])];
  if (most > 0) checkRuns(bytes, { at: 0, end: repetition, width: widthOf(most), count });
  if (deepest > 0) checkRuns(bytes, { at: repetition, end, width: widthOf(deepest), count });
  return end;
}

/** The same for its unpacked values. */
export function checkValuesV2(
  page: Uint8Array,
  { num_values: all, num_nulls: missing, encoding }: DataPageHeaderV2,
  path: readonly SchemaTree[],
): void {
  checkValues(page, { at: 0, count: all - missing, encoding, second: true }, path);
}

/** Values whose decoder believes what the page claims; others read a byte or more for each value. */
function checkValues(page: Uint8Array, { at, count, encoding, second }: Values, path: readonly SchemaTree[]) {
  const { type, type_length: length = 1 } = path.at(-1)!.element;
  switch (encoding) {
    case "PLAIN":
      return;
    case "DELTA_BINARY_PACKED":
    case "DELTA_LENGTH_BYTE_ARRAY":
      checkDelta(page, at, count);
      return;
    case "BYTE_STREAM_SPLIT":
      if (count * length > page.length - at) throw problem("cut short");
      return;
    case "RLE":
    case "RLE_DICTIONARY":
    case "PLAIN_DICTIONARY": {
      if (second ? encoding === "RLE" : type === "BOOLEAN") {
        if (count > 0) checkRuns(page, { at: at + 4, end: page.length, width: 1, count });
        return;
      }
      if (count === 0) return;
      const width = page[at];
      if (width === undefined) throw problem("cut short");
      if (width > 0 || second) checkRuns(page, { at: at + 1, end: page.length, width, count });
      return;
    }
    case "DELTA_BYTE_ARRAY":
      checkSharedBeginnings(page, at, count);
      return;
    default:
      throw new RangeError(`values are encoded as ${encoding}, which is not supported`);
  }
}

/** A text names how many bytes it shares with the text before it: it must not name more than that has. */
function checkSharedBeginnings(page: Uint8Array, at: number, count: number): void {
  const reader = { view: viewOf(page), offset: at };
  const shared = new Int32Array(count);
  const own = new Int32Array(count);
  for (const numbers of [shared, own]) {
    checkDelta(page, reader.offset, count);
    deltaBinaryUnpack(reader, count, numbers);
  }
  let [before, bytes] = [0, 0];
  for (let i = 0; i < count; i++) {
    if (!(shared[i]! >= 0 && shared[i]! <= before && own[i]! >= 0))
      throw problem("a text shares more with the one before it than that has");
    before = shared[i]! + own[i]!;
    bytes += before;
    if (bytes > LARGEST_TEXTS) throw problem(`texts of more than ${LARGEST_TEXTS} bytes`);
  }
}
