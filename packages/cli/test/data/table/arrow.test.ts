import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "@flowify/core";

import { describe, expect, it } from "vitest";
import { arrowMessages } from "../../../src/data/table/arrow-messages.js";
import { openTable } from "../../../src/data/table/sources/open-table.js";
import { temporaryFolder } from "../../temporary-folder.js";
import { arrowBytes, arrowCells } from "./arrow-files.js";

const root = temporaryFolder();

async function read(name: string, bytes: Uint8Array) {
  const path = join(root, name);
  writeFileSync(path, bytes);
  const table = await openTable(path);
  const [rows, numbers] = [[] as unknown[], [] as number[]];
  for await (const block of table.blocks()) {
    rows.push(...block.rows);
    numbers.push(...block.numbers);
  }
  return { names: table.names, notes: table.notes, rows, numbers };
}

/** A stream whose batches of 10 rows claim 16,777,215. */
function moreRows(): Uint8Array {
  const bytes = Buffer.from(arrowBytes("stream"));
  const ten = Buffer.from("0a00000000000000", "hex");
  for (let at = bytes.indexOf(ten); at >= 0; at = bytes.indexOf(ten, at + 8))
    bytes.writeUInt32LE(0xffffff, at);
  return bytes;
}

describe("an Arrow", () => {
  it.each([
    ["file", "rows.feather", arrowBytes("file")],
    ["stream", "rows.arrows", arrowBytes("stream")],
    ["file packed by LZ4", "rows.arrow", arrowBytes("file", "LZ4")],
    ["stream packed by Zstandard", "rows.arrows", arrowBytes("stream", "ZSTD")],
  ])("%s has its cells", async (_, name, bytes) => {
    const { names, notes, rows, numbers } = await read(name, bytes);
    expect(names).toEqual(arrowCells.names);
    expect(rows).toEqual(arrowCells.rows);
    expect(numbers).toEqual(rows.map((__, i) => i + 1));
    expect(notes).toEqual(['column "tags" holds lists, read as missing']);
  });

  it.each([
    ["cut short", arrowBytes("stream").subarray(0, 3000), "cut short"],
    ["that claims more rows than it holds", moreRows(), "not a readable Arrow file"],
    ["that is none", Buffer.from("a,b\n1,2\n3,4\n"), "not Arrow, or a head of"],
    ["of Feather version 1", Buffer.from("FEA1\0\0\0\0FEA1"), "not Arrow, or a head of"],
  ])("file %s is refused", async (_, bytes, message) => {
    const failed = read("bad.arrow", bytes);
    await expect(failed).rejects.toThrow(DataError);
    await expect(failed).rejects.toThrow(message);
  });

  it("with any byte of its descriptions damaged is read or refused: no list is as long as it claims", async () => {
    const whole = arrowBytes("stream");
    const source = {
      size: whole.length,
      read: (at: number, length: number) => whole.subarray(at, at + length),
    };
    let [begin, refused] = [0, 0];
    for (const { kind, bytes } of arrowMessages(source)) {
      const head = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
      for (let at = begin + 8; at < begin + 8 + head; at += 3) {
        const damaged = Uint8Array.from(whole);
        damaged[at] = 0x1f;
        const failure = await read("bad.arrow", damaged).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (failure === undefined) continue;
        expect(failure).toBeInstanceOf(DataError);
        refused++;
      }
      begin += bytes.length;
      if (kind === "batch") break;
    }
    expect(refused).toBeGreaterThan(30);
  });
});
