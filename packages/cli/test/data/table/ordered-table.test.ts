import { expect, it } from "vitest";
import { blockOf } from "../../../src/data/table/block.js";
import { findOrder } from "../../../src/data/table/find-order.js";
import { findSchema } from "../../../src/data/table/find-schema.js";
import { namesOfOrder, orderedTable } from "../../../src/data/table/ordered-table.js";
import { rowsOfSeries } from "../../../src/data/table/split-rows.js";
import type { Table } from "../../../src/data/table/table.js";
import { placesAt, timeAfter, timeCell } from "../../../src/data/table/time-steps.js";
import { seasonOf } from "../../../src/series/series.js";

const tableOf = (rows: readonly (readonly [string, number])[]): Table => ({
  names: ["t", "x"],
  notes: [],
  async *blocks() {
    yield blockOf(rows);
  },
});

async function orderOf(rows: readonly (readonly [string, number])[], lags = 2) {
  const table = tableOf(rows);
  const found = await findSchema("rows", table);
  return findOrder("rows", table, found, { time: "t", series: [], columns: ["x"], lags, horizon: 1 });
}

it("finds months, whose lengths differ, and continues them to the last day", async () => {
  const ends = ["2023-01-31", "2023-02-28", "2023-03-31", "2023-04-30", "2023-05-31", "2023-06-30"];
  const order = await orderOf(ends.map((t, i) => [t, i]));
  expect(order.months).toBe(1);
  const may = Date.UTC(2023, 11, 31) / 86_400_000;
  const next = [1, 2, 3].map((rows) => timeCell(order, true, timeAfter(order, may, rows)));
  expect(next).toEqual(["2024-01-31", "2024-02-29", "2024-03-31"]);
});

it("has places in the calendar where the table covers two of its periods", async () => {
  const days = Array.from({ length: 20 }, (_, i): [string, number] => [
    `2024-03-${String(i + 1).padStart(2, "0")}`,
    i,
  ]);
  const order = await orderOf(days);
  expect(namesOfOrder(order)).toEqual(["x lag 1", "x lag 2", "t: day of the week"]);
  expect(placesAt(order, 7 * 2800 + 3)).toEqual([3]);
  expect(order.months).toBeUndefined();
});

it("hands on rows by their time, with the values before them and none across a gap", async () => {
  const numbers = [5, 1, 2, 3, 4, 8, 9, 10];
  const rows = numbers.map((t): [string, number] => [String(t), 10 * t]);
  const table = await orderedTable("rows", tableOf(rows), await orderOf(rows));
  const found: unknown[][] = [];
  for await (const block of table.blocks()) found.push(...block.rows.map((row) => [...row]));
  expect(found).toEqual([
    ["3", 30, 20, 10],
    ["4", 40, 30, 20],
    ["5", 50, 40, 30],
    ["10", 100, 90, 80],
  ]);
  expect(table.series?.get("")?.endRows).toBe(3);
});

it("has the season of the calendar, else the lag at which a series comes back to itself", () => {
  // months whose values grow: 11 of them ago lie closer than 12
  const months = { periods: [365.2425], step: 31, lags: 12 };
  expect(seasonOf(months, [5, 9, 12, 14, 15, 15, 14, 12, 9, 6, 4, 4.5])).toBe(12);
  const numbers = { periods: [], step: 1, lags: 7 };
  expect(seasonOf(numbers, [3, 5, 2, 4, 6, 1, 4])).toBe(6);
  expect(seasonOf(numbers, [1, 2, 3, 4, 5, 6, 7])).toBeUndefined();
});

it("holds the last rows out, as many as are forecast", () => {
  const one = new Array<number>(50).fill(0);
  expect([...rowsOfSeries(one, "test", { horizon: 3 })]).toEqual([40, 41, 42, 43, 44, 45, 46, 47, 48, 49]);
  expect(rowsOfSeries(one, "test", { horizon: 30 })[0]).toBe(20);
  expect(rowsOfSeries(one, "train", { horizon: 30 }).length).toBe(20);
  // the last fifth of each series, and of the short one as many as are forecast
  const several = [...one, 1, 2, 1, 2, 1, 2].map((series, i) => (i % 2 === 0 && series === 0 ? 3 : series));
  expect([...rowsOfSeries(several, "test", { horizon: 2 })]).toEqual([
    40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 52, 53, 54, 55,
  ]);
});
