import { statSync } from "node:fs";
import { basename } from "node:path";
import { DataError } from "@flowify/core";
import { valuesAt } from "../../../places.js";
import { quoted } from "../../../ui/format.js";
import { type Block, columnBlock } from "../block.js";
import type { PartRange, Table, TablePart } from "../table.js";

type TableFile = Readonly<{ file: string; table: Table; parts: readonly TablePart[] }>;

/**
 * Several files as one table: the rows of one after those of the other, by the names of the columns of the first one.
 *
 * @throws DataError that names the first file whose columns are others
 */
export async function severalFiles(
  files: readonly string[],
  open: (file: string, leading?: Table) => Promise<Table>,
): Promise<Table> {
  const [first = "", ...others] = files;
  const leading = await open(first);
  const tables: TableFile[] = [{ file: first, table: leading, parts: partsOf(leading, first) }];
  for (const file of others) {
    const table = await open(file, leading);
    expectSameColumns(first, leading, file, table);
    tables.push({ file, table, parts: partsOf(table, file) });
  }
  const notes = new Set(leading.notes);
  for (const { file, table } of tables)
    for (const note of table.notes) if (!leading.notes.includes(note)) notes.add(`${file}: ${note}`);
  return {
    names: leading.names,
    notes: [`${files.length} files, from ${first} to ${files.at(-1)}`, ...notes],
    ...(leading.formats && { formats: leading.formats }),
    ...(leading.separator && { separator: leading.separator }),
    parts: tables.flatMap(({ parts }) => parts),
    blocks: (range) => blocks(leading.names, tables, range),
  };
}

function expectSameColumns(first: string, { names }: Table, file: string, table: Table): void {
  const missing = names.filter((name) => !table.names.includes(name));
  const fresh = table.names.filter((name) => !names.includes(name));
  if (missing.length + fresh.length === 0) return;
  const parts = [
    ...(missing.length > 0 ? [`lacks ${quoted(missing.slice(0, 5))}`] : []),
    ...(fresh.length > 0 ? [`has ${quoted(fresh.slice(0, 5))}`] : []),
  ];
  throw new DataError(
    `${file}: ${parts.join(", ")}: other columns than ${first} has\ngive all files the same columns, or name only files that have them`,
  );
}

/** A file that cannot be read in parts is one. */
const partsOf = ({ parts }: Table, file: string): readonly TablePart[] =>
  parts ?? [{ bytes: statSync(file).size }];

async function* blocks(
  names: readonly string[],
  tables: readonly TableFile[],
  { from, to }: PartRange = { from: 0, to: Number.POSITIVE_INFINITY },
): AsyncGenerator<Block> {
  let [before, first] = [0, 0];
  for (const { file, table, parts } of tables) {
    const own = { from: Math.max(0, from - first), to: Math.min(parts.length, to - first) };
    const source = { file: basename(file), before };
    first += parts.length;
    before += parts.reduce((sum, { rows = 0 }) => sum + rows, 0);
    if (own.from >= own.to && parts.length > 0) continue;
    const order = names.map((name) => table.names.indexOf(name));
    for await (const { columns, numbers } of table.blocks(table.parts && own)) {
      yield columnBlock(
        valuesAt(columns, order),
        numbers.map((number) => source.before + number),
        source,
      );
      if (parts[0]?.rows === undefined) before = source.before + (numbers.at(-1) ?? 0);
    }
  }
}
