import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeRng, type Rng } from "@flowify/core/layer";
import { describe, expect, it } from "vitest";
import { readRows } from "../../../src/tables/read-rows.js";
import { temporaryFolder } from "../../temporary-folder.js";

const root = temporaryFolder();

/** The notes and the columns of a table with these rows. */
async function read(name: string, head: string, row: (i: number) => string, count = 60) {
  const path = join(root, `${name}.csv`);
  writeFileSync(path, `${head}\n${Array.from({ length: count }, (_, i) => row(i)).join("\n")}\n`);
  const { notes, schema, rows, encoded } = await readRows(path);
  return { notes, columns: schema.columns, rows, encoded };
}

describe("columns that follow from others", () => {
  const shop = (i: number): string => ["web", "north", "south"][(i * i) % 3]!;
  const size = (i: number): string => (i % 9 === 4 ? "" : String(Math.sin(i)));

  it("are named with what they follow from: copies, lines, and other names of the same groups", async () => {
    const { notes } = await read("copies", "size,again,twice,shop,town,day,age", (i) => {
      const twice = size(i) === "" ? "" : String(3 - 2 * Math.sin(i));
      const day = `2024-01-${String(1 + (i % 28)).padStart(2, "0")}`;
      return [size(i), size(i), twice, shop(i), shop(i).toUpperCase(), day, 30 - (i % 28)].join(",");
    });
    expect(notes).toEqual([
      `${join(root, "copies.csv")}: columns that follow from others: "again" is a copy of "size"; "twice" is -2 × "size" + 3; "town" names the same groups of rows as "shop"; "age" is -1 × "day" + 19753. They say nothing new, and the likelihood counts them again: leave them out by --drop again,twice,town,age`,
    ]);
  });

  it("are named where one of two lacks values, the one that lacks more", async () => {
    const { notes } = await read("lacking", "size,whole,shop,town", (i) =>
      [size(i), 2 + Math.sin(i), i % 5 === 3 ? "" : shop(i), shop(i)].join(","),
    );
    expect(notes).toEqual([
      expect.stringContaining(
        '"size" is 1 × "whole" − 2 where it has values; "shop" names the same groups of rows as "town" where it has values.',
      ),
    ]);
  });

  it("are no columns that are only nearly alike, missing in other rows, or there in few", async () => {
    const { notes } = await read("alike", "size,near,gaps,shop,other,flag,few", (i) =>
      [
        size(i),
        Math.sin(i) + 1e-4 * Math.cos(5 * i),
        i % 9 === 5 ? "" : 3 * Math.sin(i),
        shop(i),
        i === 7 ? "south" : shop(i),
        i % 2,
        i % 9 === 0 ? Math.sin(i) : "",
      ].join(","),
    );
    expect(notes).toEqual([]);
  });

  it("are named as a shell takes them", async () => {
    const { notes } = await read("spaces", "size,size (again)", (i) => `${size(i)},${size(i)}`);
    expect(notes).toEqual([expect.stringContaining("leave them out by --drop 'size (again)'")]);
  });
});

describe("a pattern that begins again", () => {
  const cycleOf = async (name: string, value: (rng: Rng) => string | number) => {
    const rng = makeRng(5);
    const { columns } = await read(name, "value", () => String(value(rng)), 600);
    return [columns[0]?.cycle, columns[0]?.gap];
  };
  const day = (days: number): string => new Date(864e5 * (19_000 + days)).toISOString().slice(0, 10);
  const count = (rng: Rng): number => Math.floor(-40 * Math.log(1 - rng.uniform()));

  it("is found in days of the week, and ends of prices that hardly repeat", async () => {
    const workday = (rng: Rng): string => day(7 * rng.integer(60) + rng.integer(5));
    expect(await cycleOf("workdays", workday)).toEqual([7, 1]);
    const price = (rng: Rng): string =>
      `${rng.integer(5000)}.${rng.uniform() < 0.8 ? 99 : 50 + rng.integer(9)}`;
    expect(await cycleOf("prices", price)).toEqual([100, 0.01]);
    const half = (rng: Rng): string => `${rng.integer(5000)}.${rng.uniform() < 0.8 ? 99 : 49}`;
    expect(await cycleOf("halves", half)).toEqual([2, 0.5]);
  });

  it("is not found where there is none: any day, counts, amounts, tens among few values, values that lie close together", async () => {
    expect((await cycleOf("days", (rng) => day(rng.integer(400))))[0]).toBeUndefined();
    expect((await cycleOf("counts", count))[0]).toBeUndefined();
    expect((await cycleOf("amounts", (rng) => (0.37 * count(rng)).toFixed(2)))[0]).toBeUndefined();
    // pieces of a grid say more of so few values
    const heaped = (rng: Rng): number => (rng.uniform() < 0.5 ? 10 * rng.integer(9) : rng.integer(90));
    expect((await cycleOf("heaped", heaped))[0]).toBeUndefined();
    expect((await cycleOf("close", (rng) => 40 + rng.integer(7)))[0]).toBeUndefined();
  });
});

describe("a column", () => {
  it("of more names than are counted is left out, and says so", async () => {
    const { notes, columns } = await read("names", "name,x", (i) => `n${i % 15_000},${Math.sin(i)}`, 30_000);
    expect(notes).toEqual([expect.stringContaining('columns left out: "name" (identifier)')]);
    expect(columns[0]).toMatchObject({ type: "identifier", uncounted: true });
  });

  it("without any value is left out, and says so", async () => {
    const { notes } = await read("missing", "empty,x", (i) => `,${Math.sin(i)}`);
    expect(notes).toEqual([expect.stringContaining('columns left out: "empty" (constant)')]);
  });

  it("with one value in 99.9 % of the rows has a probability for it, and its rows are finite", async () => {
    const { notes, columns, rows } = await read(
      "atom",
      "fee,x",
      (i) => `${i % 1000 === 7 ? i / 7 : 0},${Math.sin(i)}`,
      3000,
    );
    expect(notes).toEqual([]);
    expect(columns[0]).toMatchObject({ use: "model", atoms: [0] });
    expect(rows.every(Number.isFinite)).toBe(true);
  });
});
