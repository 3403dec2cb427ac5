import type { ColumnMetaData, Compressors, PageHeader, SchemaTree } from "hyparquet";
import { isFlatColumn } from "hyparquet/src/schema.js";
import type { CellColumn } from "../block.js";
import { codedColumn, dateColumn, numberColumn } from "../columns.js";
import { checkLevels, checkPage, checkValuesV2 } from "./check-page.js";
import { codecOf } from "./codecs.js";
import { decodeRuns, WIDEST_DECODED } from "./decode-runs.js";
import { pagesOf } from "./pages.js";
import {
  cellNumbers,
  isText,
  type NumberType,
  numberTypeOf,
  plainNumbers,
  storedNumbers,
} from "./value-types.js";

type Unpack = ReturnType<typeof codecOf>;

/** An unpacked page: values from `at` on, `present` of them; `levels` says which rows have one, where some have none. */
type Page = Readonly<{
  bytes: Uint8Array;
  at: number;
  rows: number;
  present: number;
  encoding: string;
  levels?: Uint8Array;
}>;

/** Takes the pages of a column; false where they are written in another way, and the column is decoded cell by cell. */
type Collector = Readonly<{
  dictionary(bytes: Uint8Array, count: number): boolean;
  add(page: Page, row: number): boolean;
  column(): CellColumn;
}>;

/**
 * A column of numbers, dates or texts that is written plainly or with a dictionary: its pages are decoded as wholes, without a JavaScript
 * value for each cell.
 *
 * @returns undefined for all other columns
 * @throws RangeError and other errors for a damaged column
 */
export function decodeFlat(
  buffer: ArrayBuffer,
  meta: ColumnMetaData,
  path: SchemaTree[],
  rows: number,
  compressors: Compressors,
): CellColumn | undefined {
  if (!isFlatColumn(path)) return undefined;
  const { element } = path.at(-1)!;
  const type = numberTypeOf(element);
  if (type === undefined && !isText(element)) return undefined;
  const collector = type ? numberCollector(meta.type, type, rows) : textCollector(rows);
  const unpack = codecOf(meta.codec, compressors);
  let row = 0;
  for (const { header, packed } of pagesOf(buffer, meta, path, rows)) {
    const { dictionary_page_header: dictionary, uncompressed_page_size: size } = header;
    if (header.type === "DICTIONARY_PAGE" && dictionary) {
      if (!collector.dictionary(unpack(packed, Number(size)), dictionary.num_values)) return undefined;
      continue;
    }
    const page = unpacked(header, packed, path, unpack);
    if (page === undefined || !collector.add(page, row)) return undefined;
    row += page.rows;
  }
  if (row < rows) throw new RangeError(`${row} values, expected ${rows}`);
  return collector.column();
}

function unpacked(
  { type, data_page_header: first, data_page_header_v2: second, uncompressed_page_size }: PageHeader,
  packed: Uint8Array,
  path: SchemaTree[],
  unpack: Unpack,
): Page | undefined {
  const size = Number(uncompressed_page_size);
  const mayLack = path.at(-1)!.element.repetition_type !== "REQUIRED";
  const levels = (bytes: Uint8Array, at: number, count: number, present: number) => {
    if (present === count) return {};
    const found = new Uint8Array(count);
    if (mayLack) decodeRuns(bytes, { at, width: 1, count }, found);
    if (found.reduce((sum, level) => sum + level, 0) !== present)
      throw new RangeError("damaged page: a header that contradicts itself");
    return { levels: found };
  };
  if (type === "DATA_PAGE" && first) {
    const bytes = unpack(packed, size);
    const { at, present } = checkPage(bytes, first, path);
    const { num_values: rows, encoding } = first;
    return { bytes, at, rows, present, encoding, ...levels(bytes, 4, rows, present) };
  }
  if (type !== "DATA_PAGE_V2" || !second) return undefined;
  const begin = checkLevels(packed, second, path);
  const rest = packed.subarray(begin);
  const bytes = second.is_compressed === false || size === begin ? rest : unpack(rest, size - begin);
  checkValuesV2(bytes, second, path);
  const { num_values: rows, num_nulls: missing, encoding, repetition_levels_byte_length: at } = second;
  const present = rows - missing;
  return { bytes, at: 0, rows, present, encoding, ...levels(packed, at, rows, present) };
}

const hasDictionary = (encoding: string): boolean =>
  encoding === "RLE_DICTIONARY" || encoding === "PLAIN_DICTIONARY";

/** Places in the dictionary; undefined where they are too wide. */
function placesOf({ bytes, at, present }: Page): Int32Array | undefined {
  const places = new Int32Array(present);
  if (present === 0) return places;
  const width = bytes[at]!;
  if (width > WIDEST_DECODED) return undefined;
  if (width > 0) decodeRuns(bytes, { at: at + 1, width, count: present }, places);
  return places;
}

function numberCollector(stored: ColumnMetaData["type"], type: NumberType, rows: number): Collector {
  // all numbers of a column of float32 stay what they are
  const out = stored === "FLOAT" ? new Float32Array(rows) : new Float64Array(rows);
  let known: ArrayLike<number> = [];
  return {
    dictionary(bytes, count) {
      const found = cellNumbers(plainNumbers(stored, bytes, 0, count), type);
      known = found ?? [];
      return found !== undefined;
    },
    add(page, row) {
      const { bytes, at, present, encoding, levels } = page;
      const places = hasDictionary(encoding) ? placesOf(page) : undefined;
      const numbers = places ? undefined : storedNumbers(encoding, stored, bytes, at, present);
      const plain = numbers && cellNumbers(numbers, type);
      if (plain && !levels) {
        out.set(plain, row);
        return true;
      }
      if (plain === undefined && places === undefined) return false;
      spread(levels ?? page.rows, (place, i) => {
        out[row + place] = i < 0 ? Number.NaN : plain ? plain[i]! : (known[places![i]!] ?? Number.NaN);
      });
      return true;
    },
    column: () => (type.dates ? dateColumn(out as Float64Array) : numberColumn(out)),
  };
}

function textCollector(rows: number): Collector {
  const codes = new Int32Array(rows);
  const values: string[] = [];
  return {
    dictionary(bytes, count) {
      for (const text of textsOf(bytes, count)) values.push(text);
      return true;
    },
    add(page, row) {
      const places = hasDictionary(page.encoding) ? placesOf(page) : undefined;
      if (places === undefined) return false;
      spread(page.levels ?? page.rows, (place, i) => {
        codes[row + place] = i < 0 || places[i]! >= values.length ? -1 : places[i]!;
      });
      return true;
    },
    column: () => codedColumn(codes, values),
  };
}

/** Calls `take` with each row and the number of its value; −1 where it has none. */
function spread(levels: Uint8Array | number, take: (row: number, value: number) => void): void {
  if (typeof levels === "number") {
    for (let row = 0; row < levels; row++) take(row, row);
    return;
  }
  let value = 0;
  for (let row = 0; row < levels.length; row++) take(row, levels[row] ? value++ : -1);
}

const TEXT = new TextDecoder();

/** Texts of a dictionary: each with its length before it. */
function* textsOf(bytes: Uint8Array, count: number): Generator<string> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const end = at + 4 + view.getUint32(at, true);
    if (end > bytes.length) throw new RangeError("damaged page: cut short");
    yield TEXT.decode(bytes.subarray(at + 4, end));
    at = end;
  }
}
