import { DataError } from "@flowify/core";
import { type Block, blockOf } from "./block.js";
import type { Cell } from "./cell.js";
import { BLOCK, LISTED, LONGEST_LINE, type Table } from "./table.js";

/** Rows in which the names of all columns are expected. */
const NAMING_ROWS = 1000;

type JsonObject = Readonly<Record<string, unknown>>;

/** The bytes of a file from its start, some at a time. */
export type Chunks = () => AsyncIterable<Uint8Array>;

/** The table of JSON lines, from wherever they come: an object a line, each key a column. Keys that a row lacks are missing values. */
export async function jsonRows(path: string, chunks: Chunks): Promise<Table> {
  const names: string[] = [];
  const known = new Set<string>();
  let rows = 0;
  for await (const { object } of objects(path, chunks)) {
    for (const key of Object.keys(object)) {
      if (known.has(key)) continue;
      known.add(key);
      names.push(key);
    }
    if (++rows === NAMING_ROWS) break;
  }
  if (rows === 0) throw new DataError(`${path}: an empty file, expected a JSON object a line\nsave it again`);
  return { names, notes: [], decimalComma: false, blocks: () => blocks(path, chunks, names, known) };
}

async function* blocks(
  path: string,
  chunks: Chunks,
  names: readonly string[],
  known: ReadonlySet<string>,
): AsyncGenerator<Block> {
  let block: Cell[][] = [];
  const strange: string[] = [];
  let before = 0;
  for await (const { object, line } of objects(path, chunks)) {
    const other = Object.keys(object).find((key) => !known.has(key));
    if (other !== undefined && strange.push(`line ${line} has "${other}"`) === LISTED) break;
    if (block.push(names.map((name) => cellOf(object[name]))) < BLOCK) continue;
    yield blockOf(block, before);
    before += block.length;
    block = [];
  }
  if (strange.length > 0)
    throw new DataError(
      `${path}: keys that none of the first ${NAMING_ROWS} rows has: ${strange.join("; ")}\ngive the first row every key, with null for a missing value`,
    );
  if (block.length > 0) yield blockOf(block, before);
}

const cellOf = (value: unknown): Cell => {
  if (value === null || value === undefined) return null;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "string") return value;
  return JSON.stringify(value);
};

async function* objects(path: string, chunks: Chunks): AsyncGenerator<{ object: JsonObject; line: number }> {
  for await (const { text, line } of lines(path, chunks)) {
    if (text.trim() === "") continue;
    yield { object: parsed(path, text, line), line };
  }
}

function parsed(path: string, text: string, line: number): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DataError(`${path}: line ${line} is not JSON (${(cause as Error).message})\ncorrect the line`, {
      cause,
    });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new DataError(
    `${path}: line ${line} is ${Array.isArray(value) ? "an array" : JSON.stringify(value)}, expected an object such as {"size": 3}\nwrite one object a line`,
  );
}

async function* lines(path: string, chunks: Chunks): AsyncGenerator<{ text: string; line: number }> {
  const decoder = new TextDecoder();
  let rest = "";
  let line = 0;
  for await (const chunk of chunks()) {
    const pieces = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = pieces.pop() ?? "";
    for (const text of pieces) yield { text, line: ++line };
    if (rest.length > LONGEST_LINE)
      throw new DataError(
        `${path}: line ${line + 1} is longer than ${LONGEST_LINE / 2 ** 20} MiB\nwrite one object a line`,
      );
  }
  rest += decoder.decode();
  if (rest !== "") yield { text: rest, line: line + 1 };
}
