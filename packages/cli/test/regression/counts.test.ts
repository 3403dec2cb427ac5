import type { Executor } from "@flowify/core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { blockOf } from "../../src/data/table/block.js";
import type { Cell } from "../../src/data/table/cell.js";
import { findOrder, withOrder } from "../../src/data/table/find-order.js";
import { findSchema } from "../../src/data/table/find-schema.js";
import { namesOfOrder, orderedTable } from "../../src/data/table/ordered-table.js";
import { fromUnits } from "../../src/data/table/series-units.js";
import type { Table } from "../../src/data/table/table.js";
import { defaultExecutor } from "../../src/node-model.js";
import { valueAt } from "../../src/places.js";
import type { Prediction } from "../../src/regression/columns.js";
import { predictedColumn } from "../../src/regression/predicted-cells.js";
import { Predictive } from "../../src/regression/predictive.js";
import { Regression } from "../../src/regression/regression.js";
import { lineModel } from "../../src/regression/simple-members.js";
import { TableRegression } from "../../src/regression/table-regression.js";
import { type EncodedRows, encodedTable } from "../../src/tables/encoded-table.js";

/** Counts of two shops, none below zero. */
const cells = ["big", "small"].flatMap((shop, s) =>
  Array.from({ length: 30 }, (_, i): Cell[] => [shop, String(i), String((s === 0 ? 40 : 1) * ((7 * i) % 4))]),
);
const table: Table = {
  names: ["shop", "t", "n"],
  notes: [],
  async *blocks() {
    yield blockOf(cells);
  },
};

let executor: Executor;
let model: TableRegression;
let rows: EncodedRows;
beforeAll(async () => {
  const found = await findSchema("rows", table, { drop: ["shop"] });
  const wanted = { time: "t", series: ["shop"], columns: ["n"], lags: 1, horizon: 1 };
  const schema = withOrder(found, await findOrder("rows", table, found, wanted));
  const order = schema.order!;
  const prediction: Prediction = { schema, predict: ["n"], given: [...namesOfOrder(order), "shop"] };
  const ordered = await orderedTable("rows", table, order);
  rows = await encodedTable("rows", ordered, { schema, warn() {} }).all();
  const { width } = new TableRegression(prediction, []).targets[0]!.features;
  const none = new Array<number>(width).fill(0);
  // a step from the last count that is wider than any count
  const line = { level: 0, slope: none, middle: none, spread: none.map(() => null), std: 2 };
  executor = await defaultExecutor();
  const simple = [{ name: "line", share: 1, model: await lineModel(line, executor) }] as const;
  model = new TableRegression(prediction, [{ value: new Regression([], { kind: {}, simple, executor }) }]);
});
afterAll(async () => {
  await model.dispose();
  await executor.dispose();
});

it("draws no count below zero, and each of them whole", async () => {
  const each = 50;
  const [drawn = new Float64Array()] = await model.draws(rows.rows, each, 3);
  const order = model.prediction.schema.order!;
  const counts = Array.from(drawn, (value, i) =>
    fromUnits(order, valueAt(rows.series, Math.floor(i / each)), "n")(value),
  );
  expect(counts.every((count) => Number.isInteger(count) && count >= 0)).toBe(true);
  expect(counts.filter((count) => count === 0).length / counts.length).toBeGreaterThan(0.2);
});

it("has probabilities of counts that sum to one, zero with all that lies below", async () => {
  const width = rows.rows.length / rows.names.length;
  const place = rows.series.findIndex(({ name }) => name === "small");
  const [target] = model.targets;
  const { units } = valueAt(rows.series, place);
  const [middle, step] = valueAt(units, 0);
  const some = new Float32Array(40 * width);
  for (let n = 0; n < 40; n++) {
    some.set(rows.rows.subarray(place * width, (place + 1) * width), n * width);
    some[n * width + target!.place] = (n - middle) / step;
  }
  const [logs = new Float64Array()] = await model.logProb(some);
  expect(logs.reduce((sum, log) => sum + Math.exp(log), 0)).toBeCloseTo(1, 4);
});

it("writes intervals of a number that was never negative from zero on", () => {
  const range = { least: 1, most: 9, mean: 4, std: 2 };
  const price = { name: "price", type: "continuous", use: "model", missing: 0, distinct: 50, range } as const;
  const schema = { version: 1, rows: 50, columns: [price] } as const;
  const heldOut = [...new Array(40).keys()].map((i) => 1 + i / 40);
  const { columns, cells } = predictedColumn(
    { schema, predict: ["price"], given: [] } as unknown as Prediction,
    "price",
    heldOut,
    false,
    { quantiles: [0.05], interval: 0.9 },
  );
  const row = cells(new Predictive([0.5, 1, 2]), Number.NaN, Number.NaN);
  const at = (name: string) => row[columns.findIndex((column) => column.name === `price ${name}`)];
  expect([at("q0.05"), at("90 % from")]).toEqual([0.5, 0]);
  expect(at("90 % to")).toBeGreaterThan(2);
});
