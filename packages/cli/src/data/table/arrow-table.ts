import { DataError } from "@flowify/core";
import { expectRegularFile } from "../../files/regular-file.js";
import { addDictionary, batchColumns, type Dictionaries } from "./arrow/columns.js";
import { type ArrowField, fieldsOf } from "./arrow/fields.js";
import { arrowMessages } from "./arrow/messages.js";
import { type Block, blockOf } from "./block.js";
import { BLOCK, type Table, uniqueNames } from "./table.js";

/** An Apache Arrow file or stream (Feather version 2), read a batch at a time. */
export async function arrowTable(path: string, called = path): Promise<Table> {
  expectRegularFile(path);
  const fields = checked(called, () => {
    for (const { kind, head } of arrowMessages(path)) if (kind === "schema") return fieldsOf(head);
    throw new RangeError("no schema");
  });
  const others = fields.flatMap(({ name, type }) => (type.kind === "other" ? [{ name, type }] : []));
  const { names, notes } = uniqueNames(fields.map(({ name }) => name));
  return {
    names,
    notes: [
      ...notes,
      ...others.map(({ name, type }) => `column ${JSON.stringify(name)} holds ${type.what}, read as missing`),
    ],
    decimalComma: false,
    blocks: () => blocks(path, called, fields),
  };
}

async function* blocks(path: string, called: string, fields: readonly ArrowField[]): AsyncGenerator<Block> {
  const dictionaries: Dictionaries = new Map();
  const messages = arrowMessages(path);
  let before = 0;
  try {
    while (true) {
      const { value: message, done } = checked(called, () => messages.next());
      if (done || message === undefined) return;
      const { kind, head, body } = message;
      if (kind === "dictionary")
        checked(called, () => {
          addDictionary(head, body, fields, dictionaries);
        });
      if (kind !== "batch") continue;
      const { rows, columns } = checked(called, () => batchColumns(head, body, fields, dictionaries));
      for (let at = 0; at < rows; at += BLOCK) {
        const cells = checked(called, () =>
          Array.from({ length: Math.min(BLOCK, rows - at) }, (_, i) =>
            columns.map((column) => column?.(at + i) ?? null),
          ),
        );
        yield blockOf(cells, before + at);
      }
      before += rows;
    }
  } finally {
    messages.return(undefined);
  }
}

function checked<T>(called: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new DataError(
      `${called}: not a readable Arrow file (${(cause as Error).message})\nwrite it again, with LZ4, Zstandard or no compression: in Python pyarrow.feather.write_feather(table, "rows.arrow")`,
      { cause },
    );
  }
}
