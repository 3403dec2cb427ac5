import { expect, it } from "vitest";
import { blockOf, type TableSeries } from "../../../src/data/table/block.js";
import type { Cell } from "../../../src/data/table/cell.js";
import { findOrder, withOrder } from "../../../src/data/table/find-order.js";
import { findSchema } from "../../../src/data/table/find-schema.js";
import { orderedTable } from "../../../src/data/table/ordered-table.js";
import type { TableOrder } from "../../../src/data/table/schema.js";
import { fromUnits } from "../../../src/data/table/series-units.js";
import { seriesName } from "../../../src/data/table/sorted-rows.js";
import type { Table } from "../../../src/data/table/table.js";
import { valueAt } from "../../../src/places.js";
import { meanOf } from "../../../src/statistics.js";

const NAMES = ["shop", "t", "x", "n"] as const;
const tableOf = (rows: readonly (readonly Cell[])[]): Table => ({
  names: NAMES,
  notes: [],
  async *blocks() {
    yield blockOf(rows);
  },
});

/** Two shops of different sizes, one after the other, that are open at the same times. */
const rows = ["big", "small"].flatMap((shop, s) =>
  Array.from({ length: 12 }, (_, i): Cell[] => {
    const [size, at] = [s === 0 ? 100 : 1, i < 6 ? i : i + 10];
    return [shop, String(at), String(size * (10 + Math.sin(3 * i) + 0.001 * i)), String(size * (i % 5))];
  }),
);

async function orderOf(of: readonly (readonly Cell[])[], ...series: string[]) {
  const table = tableOf(of);
  const found = await findSchema("rows", table);
  const order = await findOrder("rows", table, found, {
    time: "t",
    series,
    columns: ["x", "n"],
    lags: 2,
    horizon: 1,
  });
  return { order, found };
}

async function rowsOf(of: readonly (readonly Cell[])[], order: TableOrder) {
  const table = await orderedTable("rows", tableOf(of), order);
  const found: { cells: ReadonlyMap<string, Cell | undefined>; series: TableSeries }[] = [];
  for await (const block of table.blocks())
    for (const [i, cells] of block.rows.entries())
      found.push({
        cells: new Map(table.names.map((name, k) => [name, cells[k]])),
        series: valueAt(block.series ?? [], i),
      });
  return { table, found };
}

it("hands on rows by their time, and none has lags of another series or across a gap", async () => {
  const { order } = await orderOf(rows, "shop");
  const { table, found } = await rowsOf(rows, order);
  expect(found.map(({ cells }) => `${cells.get("shop")} ${cells.get("t")}`).slice(0, 4)).toEqual([
    "big 2",
    "small 2",
    "big 3",
    "small 3",
  ]);
  // each shop loses its first two rows, and two behind the gap
  expect(found).toHaveLength(2 * (12 - 4));
  const written = new Map(rows.map(([shop, t, x]) => [`${shop} ${t}`, Number(x)]));
  for (const { cells, series } of found)
    for (const lag of [0, 1, 2]) {
      const value = Number(cells.get(lag === 0 ? "x" : `x lag ${lag}`));
      const was = written.get(`${series.name} ${Number(cells.get("t")) - lag}`);
      expect(fromUnits(order, series, "x")(value)).toBeCloseTo(was as number, 6);
    }
  expect(table.notes).toEqual(['"t" has 2 gaps: rows after a gap need 2 rows behind it']);
  expect([...(table.series?.values() ?? [])].map(({ name, endRows }) => [name, endRows])).toEqual([
    ["big", 6],
    ["small", 6],
  ]);
});

it("measures numbers by their series: from the mean, in steps of a usual size", async () => {
  const { order, found: schema } = await orderOf(rows, "shop");
  const { found } = await rowsOf(rows, order);
  const of = (shop: string, name: string) =>
    found.filter(({ series }) => series.name === shop).map(({ cells }) => Number(cells.get(name)));
  for (const name of ["x", "n"]) {
    const [big, small] = [of("big", name), of("small", name)];
    for (const [i, value] of big.entries())
      expect(value).toBeCloseTo(small[i] as number, name === "x" ? 6 : 0);
    const steps = small.slice(1).map((value, i) => Math.abs(value - (small[i] as number)));
    expect(meanOf(steps)).toBeGreaterThan(0.5);
    expect(meanOf(steps)).toBeLessThan(2);
  }
  // whole numbers lie on a grid, which is as fine as the series is large
  const [big, small] = [of("big", "n grid"), of("small", "n grid")];
  expect(valueAt(small, 0) / valueAt(big, 0)).toBeCloseTo(100, 6);
  for (const [i, n] of of("small", "n").entries())
    expect(Math.abs(n / valueAt(small, i) - Math.round(n / valueAt(small, i)))).toBeLessThan(1e-6);
  const columns = withOrder(schema, order).columns.filter(({ use }) => use === "model");
  expect(columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
    "shop category",
    "x continuous",
    "n continuous",
    ...["x lag 1", "x lag 2", "n lag 1", "n lag 2", "x zero", "n grid", "n zero"].map(
      (name) => `${name} continuous`,
    ),
  ]);
});

it("measures a series that training did not have by its own rows", async () => {
  const { order } = await orderOf(rows, "shop");
  const fresh = rows.filter(([shop]) => shop === "small").map(([, t, x]) => ["new", t, 7 * Number(x), 3]);
  const { found } = await rowsOf(fresh as Cell[][], order);
  const { found: known } = await rowsOf(rows, order);
  const small = known.filter(({ series }) => series.name === "small");
  for (const [i, { cells, series }] of found.entries()) {
    expect(cells.get("x")).toBeCloseTo(Number(small[i]?.cells.get("x")), 6);
    expect(fromUnits(order, series, "n")(Number(cells.get("n")))).toBe(3);
  }
});

it("has a series for each pair of keys, and a category for each key", async () => {
  // two items of each shop: n says which
  const pairs = rows.flatMap(([shop, t, x]) =>
    ["1", "2"].map((item) => [shop, t, String(Number(item) * Number(x)), item] as Cell[]),
  );
  const table = tableOf(pairs);
  const schema = await findSchema("rows", table, { drop: ["shop", "n"] });
  const wanted = { time: "t", series: ["shop", "n"], columns: ["x"], lags: 2, horizon: 1 };
  const order = await findOrder("rows", table, schema, wanted);
  const { table: ordered, found } = await rowsOf(pairs, order);
  expect([...(ordered.series?.keys() ?? [])]).toEqual(["big, 1", "big, 2", "small, 1", "small, 2"]);
  for (const { cells, series } of found) {
    expect(series.keys).toEqual([cells.get("shop"), cells.get("n")]);
    expect(Math.abs(Number(cells.get("x")) - Number(cells.get("x lag 1")))).toBeLessThan(3);
  }
  const columns = withOrder(schema, order).columns.filter(({ values }) => values);
  expect(columns.map(({ name, use, values }) => [name, use, values])).toEqual([
    ["shop", "model", ["big", "small"]],
    ["n", "model", ["1", "2"]],
  ]);
  expect(
    new Set(
      [
        ["a, b", "c"],
        ["a", "b, c"],
        ["a", 'b", "c'],
      ].map(seriesName),
    ).size,
  ).toBe(3);
});

it("says which series have too few rows, and that one out of order was sorted", async () => {
  const { order } = await orderOf(rows, "shop");
  const short = [["kiosk", "3", "1", "1"], ["kiosk", "1", "2", "1"], ...rows];
  const { table } = await rowsOf(short, order);
  expect(table.notes.slice(0, 1)).toEqual(['rows are not in the order of "t": they were sorted']);
  expect(table.notes.at(-1)).toBe("1 of 3 series are left out, without 3 rows in a row: kiosk");
});

it("names the column that tells rows of the same time apart", async () => {
  await expect(orderOf(rows)).rejects.toThrow("add --series shop if that column tells series apart");
  const same = rows.map(([shop, t, ...others]) => [shop, t === "3" ? "2" : t, ...others] as Cell[]);
  await expect(orderOf(same)).rejects.toThrow("or name the column that tells series apart");
  await expect(orderOf(same, "shop")).rejects.toThrow(
    "expected another one in each row of a series: row 4 has the time 2 of an earlier one; row 16 has the time 2 of an earlier one\nleave all but one of them out",
  );
});
