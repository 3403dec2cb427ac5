import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "@flowify/core";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import type { Cell } from "../../src/data/table/cell.js";
import { joinedParquet, PARQUET_BEGUN, parquetWriter } from "../../src/data/written/parquet-writer.js";
import type { WrittenColumn, WrittenRow } from "../../src/data/written/written-rows.js";
import { writeResumable } from "../../src/runs/resumable-file.js";
import { temporaryFolder } from "../temporary-folder.js";

const folder = temporaryFolder();

/** Writes the numbers up to 4, a line each; fails behind the number of `failAt`, whose line is not recorded. */
async function write(
  name: string,
  { facts = { run: "a" }, failAt = 9, error = new Error("killed") } = {},
): Promise<{ warnings: string[]; began: number | undefined }> {
  const warnings: string[] = [];
  let began: number | undefined;
  const options = { facts, state: v.number(), warn: (line: string) => void warnings.push(line) };
  await writeResumable(join(folder, name), options, async ({ kept, write: add, keep }) => {
    began = kept;
    for (let i = kept ?? 0; i < 4; i++) {
      await add(`line ${i}\n`);
      if (i === failAt) throw error;
      await keep(i + 1);
    }
  });
  return { warnings, began };
}

const WHOLE = "line 0\nline 1\nline 2\nline 3\n";
const textOf = (name: string) => readFileSync(join(folder, name), "utf8");

describe("writeResumable", () => {
  it("goes on behind what was recorded, and leaves the file alone", async () => {
    await expect(write("a", { failAt: 1 })).rejects.toThrow("killed");
    expect([existsSync(join(folder, "a")), textOf("a.part/content")]).toEqual([false, "line 0\nline 1\n"]);
    expect(await write("a")).toEqual({ warnings: [], began: 1 });
    expect([textOf("a"), existsSync(join(folder, "a.part"))]).toEqual([WHOLE, false]);
    expect(await write("a")).toEqual({ warnings: [], began: undefined });
  });

  it("starts anew where it was begun with others, and names them", async () => {
    await expect(write("b", { failAt: 2, facts: { run: "a", "--limit": "1" } as never })).rejects.toThrow(
      "killed",
    );
    const { warnings, began } = await write("b", { facts: { run: "b" } });
    expect(warnings).toEqual([
      `${join(folder, "b.part")}: begun with another run, --limit, so it is written anew`,
    ]);
    expect([began, textOf("b")]).toEqual([undefined, WHOLE]);
  });

  it.each([
    ["a torn record", (part: string) => truncateSync(join(part, "progress.json"), 20)],
    ["less content than recorded", (part: string) => truncateSync(join(part, "content"), 3)],
  ])("starts anew with %s", async (_, damage) => {
    await expect(write("c", { failAt: 2 })).rejects.toThrow("killed");
    damage(join(folder, "c.part"));
    const { warnings, began } = await write("c");
    expect([began, textOf("c"), warnings.join()]).toEqual([
      undefined,
      WHOLE,
      expect.stringContaining("its record is damaged"),
    ]);
  });

  it("keeps nothing where the same call cannot succeed, or nothing was recorded", async () => {
    await expect(write("d", { failAt: 2, error: new DataError("row 3") })).rejects.toThrow(DataError);
    await expect(write("d", { failAt: 0 })).rejects.toThrow("killed");
    expect(readdirSync(folder).filter((name) => name.startsWith("d"))).toEqual([]);
  });

  it("refuses what another process writes, and a file in its place", async () => {
    const options = { facts: {}, state: v.number(), warn: () => {} };
    const inside = async () => {
      await expect(write("e")).rejects.toThrow(`in use by process ${process.pid}`);
    };
    await writeResumable(join(folder, "e"), options, inside);
    writeFileSync(join(folder, "f.part"), "mine");
    await expect(write("f")).rejects.toThrow("f.part: a file, expected a folder for unfinished output");
    expect(textOf("f.part")).toBe("mine");
    mkdirSync(join(folder, "g.part"));
    writeFileSync(join(folder, "g.part", "mine"), "");
    await write("g");
    expect([textOf("g"), readdirSync(join(folder, "g.part"))]).toEqual([WHOLE, ["mine"]]);
  });
});

describe("Parquet that goes on between groups", () => {
  it("has the bytes of a file that was written at once", async () => {
    const columns: WrittenColumn[] = [
      { name: "id", type: "text" },
      { name: "score", type: "number" },
      { name: "flag", type: "flag" },
      { name: "day", type: "date", nullable: true },
      { name: "paid", type: "boolean" },
    ];
    const values = [-0, 1.5, Number.POSITIVE_INFINITY, -2, 0, 1e-300];
    const rows = Array.from(
      { length: 53 },
      (_, i): WrittenRow => [
        `é${i % 7}`,
        values[i % 6]!,
        i % 2,
        i % 5 ? `2024-02-0${i % 5}T10:00:0${i % 7}Z` : null,
        i % 3 ? "true" : "FALSE",
      ],
    );
    const blocks = Array.from({ length: 9 }, (_, i) => rows.slice(i * 6, i * 6 + 6));
    /** In several goes: a writer is left as soon as its file is whole. */
    const bytesOf = async (isLeft: boolean): Promise<Buffer> => {
      const pieces: Uint8Array[] = [];
      const add = async (piece: Uint8Array | string) => void pieces.push(Buffer.from(piece as Uint8Array));
      let writer = parquetWriter(columns, add, undefined, 10);
      let left = 0;
      for (const block of blocks) {
        await writer.add(block);
        const progress = writer.progress();
        if (!isLeft || progress === undefined) continue;
        writer = parquetWriter(columns, add, JSON.parse(JSON.stringify(progress)), 10);
        left++;
      }
      await writer.end();
      expect(left).toBe(isLeft ? 4 : 0);
      return Buffer.concat(pieces);
    };
    const file = join(folder, "rows.parquet");
    writeFileSync(file, await bytesOf(true));
    expect(readFileSync(file).equals(await bytesOf(false))).toBe(true);
    const found = await parquetReadObjects({ file: await asyncBufferFromFile(file) });
    const time = (text: Cell | undefined) => (typeof text === "string" ? Date.parse(text) : null);
    expect(
      found.map(({ id, score, flag, day, paid }) => [
        id,
        score + 0,
        flag,
        time(day?.toISOString() ?? null),
        paid,
      ]),
    ).toEqual(
      // -0 is 0
      rows.map(([id, score, flag, day, paid]) => [
        id,
        (score as number) + 0,
        flag,
        time(day),
        paid === "true",
      ]),
    );
  });

  it("has the bytes of one writer where several wrote its parts", async () => {
    const columns: WrittenColumn[] = [
      { name: "id", type: "text" },
      { name: "score", type: "number" },
    ];
    const parts = [30, 0, 23, 7].map((count, part) =>
      Array.from({ length: count }, (_, i): WrittenRow => [`row ${part}`, 100 * part + i]),
    );
    const pieces: Uint8Array[] = [];
    const add = async (piece: Uint8Array | string) => void pieces.push(Buffer.from(piece as Uint8Array));
    const bytes = () => Buffer.concat(pieces.splice(0));
    const one = parquetWriter(columns, add, undefined, 10);
    for (const rows of parts) {
      await one.add(rows);
      await one.flush();
    }
    await one.end();
    const wanted = bytes();
    const written = [];
    for (const [part, rows] of parts.entries()) {
      const writer = parquetWriter(columns, add, part === 0 ? undefined : PARQUET_BEGUN, 10);
      await writer.add(rows);
      await writer.flush();
      written.push({ content: bytes(), progress: JSON.parse(JSON.stringify(writer.progress())) });
    }
    const begun = joinedParquet(
      written.map(({ content, progress }) => ({ bytes: content.length, progress })),
    );
    await parquetWriter(columns, add, begun, 10).end();
    expect(Buffer.concat([...written.map(({ content }) => content), bytes()]).equals(wanted)).toBe(true);
  });
});
