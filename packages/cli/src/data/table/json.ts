import { DataError } from "@flowify/core";
import { type Block, blockOf } from "./block.js";
import type { Cell } from "./cell.js";
import { columnFormats, formatNotes, withFormats } from "./column-formats.js";
import { flat, type JsonObject, rowsOfDocument } from "./json-document.js";
import { codeTest, withoutCodes } from "./missing-codes.js";
import { BLOCK, LISTED, LONGEST_LINE, type Table } from "./table.js";
import { openText, type Pieces, type Text } from "./text.js";
import type { ColumnFormats } from "./written-as.js";

/** Rows in which the names of all columns are expected, where rows are lines. */
const NAMING_ROWS = 1000;

/** `isWhole`: an array, or one object, in place of an object a line. */
type JsonText = Text & Readonly<{ isWhole: boolean; mayBeArray: boolean }>;

/** Characters of an array or an object that is read whole. */
const LONGEST_ARRAY = 2 ** 28;

/**
 * The table of JSON, from wherever it comes: an object a line, an array of objects, or one object that holds either that array or
 * columns; each key is a column, of objects in it as well. Keys that a row lacks are missing values.
 *
 * @param mayBeArray false where each line is an object
 * @param known columns of training
 * @param missing cells that stand for a missing value
 */
export async function jsonTable(
  path: string,
  pieces: Pieces,
  mayBeArray = true,
  known: ColumnFormats = new Map(),
  missing: readonly string[] = [],
): Promise<Table> {
  const opened = await openText(path, pieces);
  const text: JsonText = { ...opened, isWhole: mayBeArray && isWhole(opened), mayBeArray };
  const names: string[] = [];
  const seen = new Set<string>();
  const first: JsonObject[] = [];
  let rows = 0;
  for await (const { object } of objects(text)) {
    for (const key of Object.keys(object)) {
      if (seen.has(key)) continue;
      seen.add(key);
      names.push(key);
    }
    if (rows < NAMING_ROWS) first.push(object);
    if (++rows === NAMING_ROWS && !text.isWhole) break;
  }
  if (rows === 0)
    throw new DataError(`${path}: an empty file, expected JSON: an object for each row\nsave it again`);
  const plain = () => withoutCodes(blocks(text, names, seen), missing);
  const isCode = codeTest(missing);
  const formats = await columnFormats(
    {
      sample: first.map((object) => cellsOf(object, names).map((cell) => (isCode(cell) ? null : cell))),
      decimals: { decimalComma: false },
      names,
      known,
    },
    plain,
  );
  return {
    names,
    notes: [
      ...formatNotes(formats, false),
      ...(text.encoding === "latin1" ? ["the text is not UTF-8: it is read as Latin-1"] : []),
    ],
    formats,
    blocks: () => withFormats(plain(), names, formats),
  };
}

/** True for an array, and for an object that does not end with its line, or is the only line. */
function isWhole({ head, whole }: Text): boolean {
  if (/^\s*\[/.test(head)) return true;
  if (!/^\s*\{/.test(head)) return false;
  const [first = "", ...others] = head.trimStart().split("\n");
  try {
    JSON.parse(first);
    return whole && others.every((line) => line.trim() === "");
  } catch {
    return others.length > 0 || !whole;
  }
}

async function* blocks(
  text: JsonText,
  names: readonly string[],
  known: ReadonlySet<string>,
): AsyncGenerator<Block> {
  let block: Cell[][] = [];
  const strange: string[] = [];
  let before = 0;
  for await (const { object, place } of objects(text)) {
    const other = Object.keys(object).find((key) => !known.has(key));
    if (other !== undefined && strange.push(`${place} has "${other}"`) === LISTED) break;
    if (block.push(cellsOf(object, names)) < BLOCK) continue;
    yield blockOf(block, before);
    before += block.length;
    block = [];
  }
  if (strange.length > 0)
    throw new DataError(
      `${text.name}: keys that none of the first ${NAMING_ROWS} rows has: ${strange.join("; ")}\ngive the first row every key, with null for a missing value`,
    );
  if (block.length > 0) yield blockOf(block, before);
}

const cellsOf = (object: JsonObject, names: readonly string[]): Cell[] =>
  names.map((name) => (Object.hasOwn(object, name) ? cellOf(object[name]) : null));

const cellOf = (value: unknown): Cell => {
  if (value === null || value === undefined) return null;
  if (value instanceof WholeNumber) return value.digits;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "string") return value;
  return JSON.stringify(value);
};

/** Whole numbers that doubles would round, as their digits: they may be names. */
class WholeNumber {
  constructor(readonly digits: string) {}
  toJSON(): number {
    return Number(this.digits);
  }
}

/** Texts, which are passed over, and whole numbers of 16 digits and more. */
const LONG_NUMBER = /"(?:[^"\\]|\\.)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g;
const MARK = "\ufdd0"; // no character

const marked = (text: string): string =>
  text.replace(LONG_NUMBER, (found) =>
    found.startsWith('"') || Number.isSafeInteger(Number(found)) ? found : `"${MARK}${found}"`,
  );

const unmarked = (_: string, value: unknown): unknown =>
  typeof value === "string" && value.startsWith(MARK) ? new WholeNumber(value.slice(1)) : value;

/** An object of a file, and where it stands. */
type Found = Readonly<{ object: JsonObject; place: string }>;

async function* objects(text: JsonText): AsyncGenerator<Found> {
  if (text.isWhole) {
    const { name } = text;
    const all = parsed(await whole(text), (words) => `${name}: not JSON (${words})\nwrite the file again`);
    const rows = Array.isArray(all) ? (all as unknown[]) : rowsOfDocument(name, all as JsonObject);
    for (const [i, value] of rows.entries()) {
      const place = `row ${i + 1}`;
      yield { object: objectOf(name, value, place), place };
    }
    return;
  }
  for await (const { content, line } of lines(text)) {
    if (content.trim() === "") continue;
    const place = `line ${line}`;
    const value = parsed(content, (words) =>
      text.mayBeArray && line === 1
        ? `${text.name}: expected an array of objects such as [{"size": 3}], or an object a line`
        : `${text.name}: ${place} is not JSON (${words})\ncorrect the line`,
    );
    yield { object: objectOf(text.name, value, place), place };
  }
}

/** All characters. */
async function whole({ name, chunks }: Text): Promise<string> {
  const pieces: string[] = [];
  let length = 0;
  for await (const chunk of chunks()) {
    length += chunk.length;
    if (length > LONGEST_ARRAY)
      throw new DataError(
        `${name}: an array of more than ${LONGEST_ARRAY / 2 ** 20} MiB\nwrite one object a line, in a .jsonl file`,
      );
    pieces.push(chunk);
  }
  return pieces.join("");
}

function parsed(text: string, message: (words: string) => string): unknown {
  try {
    return /\d{16}/.test(text) ? JSON.parse(marked(text), unmarked) : JSON.parse(text);
  } catch (cause) {
    throw new DataError(message((cause as Error).message), { cause });
  }
}

function objectOf(path: string, value: unknown, place: string): JsonObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return flat(value as JsonObject);
  throw new DataError(
    `${path}: ${place} is ${Array.isArray(value) ? "an array" : JSON.stringify(value)}, expected an object such as {"size": 3}\nwrite one object ${place.startsWith("line") ? "a line" : "a row"}`,
  );
}

async function* lines({ name, chunks }: Text): AsyncGenerator<{ content: string; line: number }> {
  let rest = "";
  let line = 0;
  for await (const chunk of chunks()) {
    const pieces = (rest + chunk).split("\n");
    rest = pieces.pop() ?? "";
    for (const content of pieces) yield { content, line: ++line };
    if (rest.length > LONGEST_LINE)
      throw new DataError(
        `${name}: line ${line + 1} is longer than ${LONGEST_LINE / 2 ** 20} MiB\nwrite one object a line`,
      );
  }
  if (rest !== "") yield { content: rest, line: line + 1 };
}
