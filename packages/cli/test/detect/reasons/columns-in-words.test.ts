import { expect, it } from "vitest";
import { blockOf } from "../../../src/data/table/block.js";
import type { TableSchema } from "../../../src/data/table/schema.js";
import { ownColumns, tableColumns } from "../../../src/tables/columns/kinds.js";
import { rowEncoder } from "../../../src/tables/row-encoder.js";

const column = (name: string, more: object) => ({
  name,
  type: "continuous" as const,
  use: "model" as const,
  missing: 0,
  distinct: 9,
  ...more,
});
const range = { least: 0, most: 10, mean: 5, std: 2 };

const schema: TableSchema = {
  version: 1,
  rows: 100,
  columns: [
    column("size", { range, missing: 3 }),
    column("serial", { type: "integer", range: { ...range, mean: 1e9 }, origin: 1_000_000_000 }),
    column("day", { type: "date", range: { ...range, mean: 19_800 }, origin: 19_700 }),
    column("shop", { type: "category", values: ["web", null, "store"] }),
  ],
};

it("writes the numbers of a row as the table has them", () => {
  const names = ["size", "serial", "day", "shop"];
  const rows = [
    ["2.24", "1000000123", "2024-03-01", "web"],
    ["", "1000000007", "2024-03-01T12:30:00Z", ""],
    ["-1e-7", "1000000000", "2024-02-29", "store"],
    ["33", "1000000001", "2024-01-01", "kiosk"],
  ];
  const columns = ownColumns(tableColumns(schema));
  const width = columns.length;
  const encoded = rowEncoder("x.csv", { names }, columns).encode(blockOf(rows));
  const texts = rows.map((_, i) =>
    columns.map(({ kind, found, place }) => kind.show(found, encoded[i * width + place]!)),
  );
  expect(texts).toEqual([
    ["2.24", "1000000123", "2024-03-01", "web"],
    ["missing", "1000000007", "2024-03-01T12:30:00Z", "missing"],
    ["-1e-7", "1000000000", "2024-02-29", "store"],
    ["33", "1000000001", "2024-01-01", "another value"],
  ]);
  const values = columns.map(({ kind, found, place }) => kind.value(found, encoded[width + place]!));
  expect(values).toEqual([null, 1_000_000_007, expect.closeTo(19_783 + 12.5 / 24, 2), "missing"]);
});
