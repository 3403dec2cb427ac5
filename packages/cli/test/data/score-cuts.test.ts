import { expect, it } from "vitest";
import { cutsOf, cutsOfRank } from "../../src/scores/score-pass.js";
import type { EncodedTable } from "../../src/tables/encoded-table.js";

const table = (file: string, parts: EncodedTable["parts"]): EncodedTable => ({
  file,
  names: [],
  series: new Map(),
  parts,
  rows: async function* () {},
  all: () => Promise.reject(new Error("cuts are not read whole")),
  end: () => {},
});

const groups = (count: number, rows: number) =>
  Array.from({ length: count }, () => ({ rows, bytes: 8 * rows }));

it("groups of rows become cuts of at least 100,000 rows, and files whose rows are unknown one each", () => {
  const cuts = cutsOf([
    table("a.parquet", groups(5, 60_000)),
    table("b.csv", undefined),
    table("*.csv", [{ bytes: 7 }, { bytes: 9 }]),
  ]);
  expect(cuts.map(({ table: { file }, range, rows }) => [file, range?.from, range?.to, rows])).toEqual([
    ["a.parquet", 0, 2, 120_000],
    ["a.parquet", 2, 4, 120_000],
    ["a.parquet", 4, 5, 60_000],
    ["b.csv", undefined, undefined, undefined],
    ["*.csv", 0, 1, undefined],
    ["*.csv", 1, 2, undefined],
  ]);
});

it.each([1, 2, 3, 7, 40])("%i processes share all cuts, in order and about evenly", (size) => {
  const cuts = cutsOf([table("a.parquet", groups(30, 122_880))]);
  const shares = Array.from({ length: size }, (_, rank) => cutsOfRank(cuts, rank, size));
  expect(shares.flat()).toEqual(cuts);
  const counts = shares.map(({ length }) => length);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
});
