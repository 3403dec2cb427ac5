import { DataError } from "@flowify/core";
import type { Cell } from "./cell.js";
import { type TextSource, textSource } from "./sources/text-source.js";
import { BLOCK, type Block, blockOf, LISTED, LONGEST_LINE, type Table } from "./table.js";

/** Rows in which the names of all columns are expected. */
const NAMING_ROWS = 1000;

type JsonObject = Readonly<Record<string, unknown>>;

/** JSON lines: an object a line, each key a column. Keys that a row lacks are missing values. */
export async function jsonLinesTable(path: string, called = path): Promise<Table> {
  const source = textSource(path, called, "JSON lines");
  const names: string[] = [];
  const known = new Set<string>();
  let rows = 0;
  for await (const { object } of objects(source)) {
    for (const key of Object.keys(object)) {
      if (known.has(key)) continue;
      known.add(key);
      names.push(key);
    }
    if (++rows === NAMING_ROWS) break;
  }
  if (rows === 0)
    throw new DataError(`${called}: an empty file, expected a JSON object a line\nsave it again`);
  return { names, notes: [], decimalComma: false, blocks: () => blocks(source, names, known) };
}

async function* blocks(
  source: TextSource,
  names: readonly string[],
  known: ReadonlySet<string>,
): AsyncGenerator<Block> {
  let block: Cell[][] = [];
  const strange: string[] = [];
  let before = 0;
  for await (const { object, line } of objects(source)) {
    const other = Object.keys(object).find((key) => !known.has(key));
    if (other !== undefined && strange.push(`line ${line} has "${other}"`) === LISTED) break;
    if (block.push(names.map((name) => cellOf(object[name]))) < BLOCK) continue;
    yield blockOf(block, before);
    before += block.length;
    block = [];
  }
  if (strange.length > 0)
    throw new DataError(
      `${source.name}: keys that none of the first ${NAMING_ROWS} rows has: ${strange.join("; ")}\ngive the first row every key, with null for a missing value`,
    );
  if (block.length > 0) yield blockOf(block, before);
}

const cellOf = (value: unknown): Cell => {
  if (value === null || value === undefined) return null;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "string") return value;
  return JSON.stringify(value);
};

async function* objects(source: TextSource): AsyncGenerator<{ object: JsonObject; line: number }> {
  for await (const { text, line } of lines(source)) {
    if (text.trim() === "") continue;
    yield { object: parsed(source.name, text, line), line };
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

async function* lines({ name, pieces }: TextSource): AsyncGenerator<{ text: string; line: number }> {
  const decoder = new TextDecoder();
  let rest = "";
  let line = 0;
  for await (const chunk of pieces()) {
    const complete = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = complete.pop() ?? "";
    for (const text of complete) yield { text, line: ++line };
    if (rest.length > LONGEST_LINE)
      throw new DataError(
        `${name}: line ${line + 1} is longer than ${LONGEST_LINE / 2 ** 20} MiB\nwrite one object a line`,
      );
  }
  rest += decoder.decode();
  if (rest !== "") yield { text: rest, line: line + 1 };
}
