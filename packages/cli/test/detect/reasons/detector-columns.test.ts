import { expect, it } from "vitest";
import { blockOf } from "../../../src/data/table/block.js";
import type { TableSchema } from "../../../src/data/table/schema.js";
import {
  detectorColumns,
  detectorNumber,
  detectorText,
} from "../../../src/detect/reasons/detector-columns.js";
import { modelColumns } from "../../../src/tables/columns/kinds.js";
import { detectorEncoder } from "../../../src/tables/row-encoder.js";

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
  const inputs = modelColumns(schema);
  const encoded = detectorEncoder("x.csv", { names }, inputs).encode(blockOf(rows));
  const columns = detectorColumns(inputs);
  const width = encoded.length / rows.length;
  expect(columns.map(({ name, at, width: own }) => [name, at, own])).toEqual([
    ["size", 0, 2],
    ["serial", 2, 1],
    ["day", 3, 1],
    ["shop", 4, 3],
  ]);
  const texts = rows.map((_, i) =>
    columns.map((each) => detectorText(each, encoded.subarray(i * width, (i + 1) * width))),
  );
  expect(texts).toEqual([
    ["2.24", "1000000123", "2024-03-01", "web"],
    ["missing", "1000000007", "2024-03-01T12:30:00Z", "missing"],
    ["-1e-7", "1000000000", "2024-02-29", "store"],
    ["33", "1000000001", "2024-01-01", "another value"],
  ]);
  const numbers = columns.map((each) => detectorNumber(each, encoded.subarray(width, 2 * width)));
  expect(numbers.map((number) => number === undefined)).toEqual([true, false, false, true]);
});
