import { FlowModel, flow, jaxExecutor, type UsageError } from "@flowify/core";
import { linear } from "@flowify/core/layers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TableSchema } from "../../src/data/table/schema.js";
import { givenSamples } from "../../src/samples/given-samples.js";
import { type GivenValue, givenValues, narrowed } from "../../src/samples/given-values.js";

const number = { type: "continuous", use: "model", missing: 0, distinct: 99, gap: 0 } as const;

/** x and y are normal, with variances 1 and 5 and covariance 2; the code of c is 0 or 1 about as often. */
const schema: TableSchema = {
  version: 1,
  rows: 99,
  columns: [
    { ...number, name: "x", range: { least: -4, most: 4, mean: 0, std: 1 } },
    { ...number, name: "y", range: { least: -9, most: 9, mean: 0, std: Math.sqrt(5) } },
    { name: "c", type: "category", use: "model", missing: 0, distinct: 2, values: ["red", "blue"] },
  ],
};

/** z of (x, y, c): x, y − 2x, 4 (c − ½). */
const weights = {
  weight: Float32Array.of(1, 0, 0, -2, 1, 0, 0, 0, 4),
  bias: Float32Array.of(0, 0, -2),
};

let model: FlowModel;
beforeAll(async () => {
  model = await FlowModel.create(flow([linear(3, 3, { weights })]), jaxExecutor());
});
afterAll(() => model.dispose());

async function sampled(given: readonly string[], count: number) {
  const { rows, effective, proposals } = await givenSamples(model, givenValues(schema, given), {
    count,
    seed: 3,
  });
  const column = (at: number): number[] => Array.from({ length: count }, (_, i) => rows[3 * i + at]!);
  return { column, effective, proposals };
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const variance = (values: readonly number[]): number => mean(values.map((v) => (v - mean(values)) ** 2));

describe("samples given a number", () => {
  it("have it, and the mean and the variance of the conditional distribution", async () => {
    const { column, effective } = await sampled(["y=3"], 800);
    expect(new Set(column(1))).toEqual(new Set([3]));
    expect(effective).toBeGreaterThan(800);
    // x | y ~ N(2y/5, 1 − 4/5)
    const spread = 5 * Math.sqrt(0.2 / 800);
    expect(Math.abs(mean(column(0)) - 1.2)).toBeLessThan(spread);
    expect(Math.abs(variance(column(0)) / 0.2 - 1)).toBeLessThan(5 * Math.sqrt(2 / 800));
  });

  it("that is rare are worth less, and none that no sample is near are an error", async () => {
    const rare = await sampled(["y=9.5", "x=3.3"], 300);
    expect(rare.effective).toBeLessThan(150);
    await expect(sampled(["x=40"], 10)).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringContaining("samples is near these values"),
    } satisfies Partial<UsageError>);
  });
});

it("a given value may be written as in the file that the run was trained on", () => {
  const [x, y] = schema.columns as [TableSchema["columns"][number], TableSchema["columns"][number]];
  const written: TableSchema = {
    ...schema,
    columns: [
      { ...x, writtenAs: "1.234,50 €" },
      { ...y, type: "date", writtenAs: "31.05.2025" },
    ],
  };
  expect(givenValues(written, ["x=1.200,5 €", "y=02.01.1970"])).toMatchObject([
    { number: 1200.5 },
    { number: 1 },
  ]);
  expect(givenValues(written, ["x=1200.5", "y=1970-01-02"])).toMatchObject([
    { number: 1200.5 },
    { number: 1 },
  ]);
});

it("samples given a category all have it, and are as many independent ones as are wanted", async () => {
  const { column, effective, proposals } = await sampled(["c=blue"], 500);
  expect(column(2).every((code) => Math.round(code) === 1)).toBe(true);
  expect(effective).toBeGreaterThanOrEqual(500);
  expect(proposals).toBe(8192);
  expect(new Set(column(0)).size).toBe(500);
});

describe("a given value is refused", () => {
  it.each([
    ["c", "expected column=value"],
    ["d=1", 'unknown column "d"'],
    ["c=green", "choose one of red, blue"],
    ["x=red", "expected a number"],
    ["x=", "no training row lacks a value"],
  ])("%s: %s", (text, message) => {
    expect(() => givenValues(schema, [text])).toThrow(message);
  });

  it("that is no number, also where the column lacks values", () => {
    const gaps: TableSchema = { ...schema, columns: [{ ...schema.columns[0]!, missing: 9 }] };
    expect(() => givenValues(gaps, ["x=red"])).toThrow("--given x=red: expected a number");
    expect(givenValues(gaps, ["x="])).toMatchObject([{ kind: "instead", code: 1 }]);
  });

  it("where its column comes twice", () => {
    expect(() => givenValues(schema, ["c=red", "c=blue"])).toThrow('column "c" comes twice');
  });
});

it("a number that a column has of its own, or that of another one, is given in both ways", async () => {
  const [x, y] = schema.columns as [TableSchema["columns"][number], TableSchema["columns"][number]];
  const above = { least: 0, most: 9, mean: 5, std: 1 };
  const equal: TableSchema = {
    ...schema,
    columns: [x, { ...y, equals: { column: "x", share: 0.5, above } }],
  };
  // z of x, what y has more, and the code of y, which is 1 in every second row
  const scaled = { weight: Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 4), bias: Float32Array.of(0, -5, -2) };
  const own = await FlowModel.create(flow([linear(3, 3, { weights: scaled })]), jaxExecutor());
  const count = 3000;
  const { rows } = await givenSamples(own, givenValues(equal, ["y=2"]), { count, seed: 5 });
  await own.dispose();
  const all = Array.from({ length: count }, (_, i) => [...rows.subarray(3 * i, 3 * i + 3)]);
  const [same, more] = [all.filter(([, , code]) => code! > 0.5), all.filter(([, , code]) => code! <= 0.5)];
  expect(new Set(same.map(([first]) => first))).toEqual(new Set([2]));
  for (const [first, extra] of more) expect(first! + Math.abs(extra!)).toBeCloseTo(2, 5);
  // p(y = 2) is N(2; 5, 2) where it has more, and N(2; 0, 1) where it is x
  const [byMore, bySame] = [Math.exp(-9 / 4) / Math.sqrt(2), Math.exp(-2)];
  expect(Math.abs(same.length / count - bySame / (byMore + bySame))).toBeLessThan(0.06);
  expect(Math.abs(mean(more.map(([first]) => first!)) + 1.5)).toBeLessThan(5 * Math.sqrt(0.5 / 500));
});

it("a number counts for the nearest fifth of the rows, and within half a standard deviation", () => {
  const rows = Float32Array.from({ length: 300 }, (_, i) => (i % 3 === 1 ? (i - 1) / 300 : 0));
  const widthOf = (text: string): unknown => {
    const [given] = givenValues(schema, [text]) as [GivenValue];
    return (narrowed(given, rows, 3) as { width?: number }).width;
  };
  expect(widthOf("y=0")).toBeCloseTo(0.2, 6); // y is 0, 0.01, …, 0.99
  expect(widthOf("y=0.5")).toBeCloseTo(0.1, 6);
  expect(widthOf("y=8")).toBeCloseTo(Math.sqrt(5) / 2, 6);
  expect(widthOf("c=red")).toBeUndefined();
});
