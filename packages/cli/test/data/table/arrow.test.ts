import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "@flowify/core";

import { describe, expect, it } from "vitest";
import { unpackLz4 } from "../../../src/data/table/arrow/lz4.js";
import { openTable } from "../../../src/data/table/open-table.js";
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
    ["that is none", Buffer.from("a,b\n1,2\n3,4\n"), "not Arrow, or a head of"],
    ["of Feather version 1", Buffer.from("FEA1\0\0\0\0FEA1"), "not Arrow, or a head of"],
  ])("file %s is refused", async (_, bytes, message) => {
    const failed = read("bad.arrow", bytes);
    await expect(failed).rejects.toThrow(DataError);
    await expect(failed).rejects.toThrow(message);
  });
});

// 120 lines such as "7,north,0", packed by `lz4 -9` (version 1.10.0)
const PACKED =
  "BCJNGGRAp2sCAADxAjAsd2ViLDAKMSxhaXIsMQoyCAAxMgozGADRMwo0LG5vcnRoLDQKNRoAMzUKNhIAMTYKNxIAMzAKODwAETk0AEEyCjEwEQBBMwoxMRIAQzQKMTI1AEU1CjEzQAAjMTRBACExNSgARDEKMTZDABQ3QwAVOIEAIzE5ggASMmAAQzYKMjEdADQwCjJiAEMxCjIzxAAjMjTFACMyNYgAJDI2QwARNxIAQzYKMjiEACUyOUEAJDMwBQETMUEAEjMXATI0CjMYAUM1CjM0QQAjMzVBACMzNsUAIzM3SgBEMgozOEEAFTnHACU0MAwBIzQxyQAjNDJFACU0M4YAIzQ0hgAjNDUUAEYzCjQ2RwATN8sAJDQ4RQAVOQ4BIzUwjAAlNTGMACM1MowAIzUzDgEjNTTNACU1NZQBIzU2EQIlNTeKACM1OIoAJTU5igAjNjASASU2Mc8AJTYyRwAjNjPRACU2NEcAIzY1RwAmNjZHABQ3RwAUOF8CFjlgAhMwRQAjNzHPACU3Ms8AIzczIgIjNzTPACU3NYoAIzc2FAEUN6QCFDelAhQ3pgIUOKYCJTgxVQEjODKGACM4M0EAFDikAhQ4pAIjODbHABQ4pAIjODiCABQ4ogIUOaICFjmiAhY5ogIjOTOEABQ5ogIlOTWEABQ5pAIlOTcKASM5OJYBFjmmAjUxMDBwAxUxUQE0MTAydAMUMKwCNjEwNHQDJTA1kgA3MTA2TgAVN04ABLUCMzEwOZ4BEzHTAzM1CjHUA1Y2CjExMkoAIzEzXwEkMTG3AiYxMbgCNTExNkoAFjcLBBQxuwKQMTE5LHdlYiwwAAAAAInPIVQ=";

describe("LZ4", () => {
  it("is unpacked to the bytes that were packed", async () => {
    const plain = unpackLz4(Buffer.from(PACKED, "base64"), 1167);
    expect(new TextDecoder().decode(plain.subarray(0, 24))).toBe("0,web,0\n1,air,1\n2,air,2\n");
    expect(createHash("sha256").update(plain).digest("hex")).toBe(
      "7f52e4b76f1c14919600b29579d7cbfa572e98e49df4269982f90307b18fec7c",
    );
  });

  it.each([
    ["a size that is too small", 1166, [], "damaged LZ4"],
    ["a size that is too large", 1168, [], "too short"],
    ["a size that no frame has", 2 ** 40, [], "too short"],
    ["a copy from before the beginning", 1167, [[31, 0xff]], "a copy leads out"],
    ["another beginning", 1167, [[0, 5]], "not a frame"],
  ])("with %s is refused", (_, size, changes, message) => {
    const bytes = Buffer.from(PACKED, "base64");
    for (const [at, byte] of changes) bytes[at!] = byte!;
    expect(() => unpackLz4(bytes, size)).toThrow(message);
  });
});
