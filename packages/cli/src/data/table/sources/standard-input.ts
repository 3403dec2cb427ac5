import { closeSync, createWriteStream, mkdtempSync, openSync, readSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { DataError, UsageError } from "@flowify/core";
import { unpackedPieces } from "../../../files/packed.js";

/** The name of standard input in the place of a file. */
export const STANDARD_INPUT = "-";

/** What messages call it. */
export const STANDARD_INPUT_NAME = "standard input";

/** Formats that begin with these bytes; JSON lines begin with a brace, and everything else is CSV. */
const beginnings: readonly (readonly [bytes: string, ending: string])[] = [
  ["PAR1", ".parquet"],
  ["ARROW1", ".arrow"],
  ["\xff\xff\xff\xff", ".arrow"],
  ["\x93NUMPY", ".npy"],
];

/** Bytes that say whether a text is JSON. */
const HEAD = 1024;

let kept: string | undefined;

/**
 * Keeps what comes on standard input in a temporary file, which is removed when the process ends: a table is read more than once.
 *
 * @throws UsageError where standard input is a terminal
 */
async function keepStandardInput(): Promise<void> {
  const input = process.stdin;
  if (input.isTTY)
    throw new UsageError(
      "--data -: standard input is a terminal\nsend a table to it: flowify … --data - < rows.csv",
    );
  const folder = mkdtempSync(join(tmpdir(), "flowify-input-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "rows");
  await pipeline(input, createWriteStream(file));
  kept = `${file}${await endingOf(file)}`;
  renameSync(file, kept);
}

/** The same, if one of the names is that of standard input. */
export async function keepNamedInput(names: readonly (string | undefined)[]): Promise<void> {
  if (names.includes(STANDARD_INPUT)) await keepStandardInput();
}

/**
 * The file in which standard input was kept.
 *
 * @throws DataError where this process did not read it: a run was trained on it, and it is gone
 */
export function keptStandardInput(): string {
  if (kept !== undefined) return kept;
  throw new DataError(
    "standard input: the run was trained on it, and it is not kept\nname a file with --data, or train on a file",
  );
}

async function endingOf(file: string): Promise<string> {
  const first = Buffer.alloc(8);
  const opened = openSync(file, "r");
  const length = readSync(opened, first, 0, first.length, 0);
  closeSync(opened);
  const text = first.toString("latin1", 0, length);
  const ending = beginnings.find(([bytes]) => text.startsWith(bytes))?.[1];
  if (ending !== undefined) return ending;
  if (text.startsWith("\x1f\x8b")) return `${await textEnding(file, true)}.gz`;
  return textEnding(file, false);
}

/** Of a text: JSON lines, an array of JSON, or CSV. */
async function textEnding(file: string, packed: boolean): Promise<string> {
  for await (const bytes of unpackedPieces(file, STANDARD_INPUT_NAME, "a table", packed)) {
    const first = /^\ufeff?\s*(.)/.exec(new TextDecoder().decode(bytes.subarray(0, HEAD)))?.[1];
    return first === "{" ? ".jsonl" : first === "[" ? ".json" : ".csv";
  }
  return ".csv";
}
