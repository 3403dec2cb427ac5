import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeRng } from "@flowify/core/layer";
import { expect, it } from "vitest";
import type { TableSchema } from "../../../src/data/table/schema.js";
import { possibleRowsOf, type possibleSamples } from "../../../src/samples/possible-samples.js";
import { readRows } from "../../../src/tables/read-rows.js";
import { temporaryFolder } from "../../temporary-folder.js";

const root = temporaryFolder();

function write(name: string, count: number, cellsOf: (row: number) => unknown[]): string {
  const path = join(root, `${name}.csv`);
  const rows = Array.from({ length: count }, (_, row) => cellsOf(row).join(","));
  writeFileSync(path, ["low,high", ...rows, ""].join("\n"));
  return path;
}

async function neverOf(
  cellsOf: (uniform: () => number) => object,
  name: string,
  count = 300,
): Promise<TableSchema["never"]> {
  const rng = makeRng(4);
  const rows = Array.from({ length: count }, () => JSON.stringify(cellsOf(() => rng.uniform())));
  const path = join(root, `${name}.jsonl`);
  writeFileSync(path, rows.join("\n"));
  return (await readRows(path)).schema.never;
}

it("numbers and dates are found that are never above others, though they would be by chance", async () => {
  const day = (at: number): string => new Date(8.64e7 * Math.floor(at)).toISOString().slice(0, 10);
  const never = await neverOf((uniform) => {
    const [low, start, other] = [40 * uniform(), 19_000 + 900 * uniform(), 40 * uniform()];
    return {
      high: low + 9 * uniform(),
      low: uniform() < 0.1 ? null : low,
      other,
      far: 1000 + other * uniform(),
      end: day(start + 40 * uniform()),
      start: day(start),
    };
  }, "both");
  expect(never).toEqual([
    { column: "low", above: "high" },
    { column: "start", above: "end" },
  ]);
});

it("a table that breaks an order is read with a note of it", async () => {
  const path = join(root, "broken.csv");
  const { schema: found } = await readRows(
    write("kept", 90, (i) => [(7 * i) % 41, ((7 * i) % 41) + (i % 5)]),
  );
  expect(found.never).toEqual([{ column: "low", above: "high" }]);
  const notes = (high: number) =>
    readRows(
      write("broken", 5, (i) => [i, i === 3 ? high : i + 1]),
      { schema: found },
    );
  expect((await notes(4)).notes).toEqual([]);
  expect((await notes(2)).notes).toEqual([
    `${path}: in 1 row, first in row 4, "low" is above "high", which it is in no training row`,
  ]);
});

/** Rows of which each of `every` has `low` beyond `high`. */
const withMistakes = (every: number, beyond: number) => {
  let row = 0;
  return (uniform: () => number) => {
    const low = 3 * uniform();
    return { low, high: row++ % every === 0 ? low - beyond : low + uniform() };
  };
};

it("an order has few exceptions, as far beyond it as many rows are on its side", async () => {
  const order = { column: "low", above: "high" };
  expect(await neverOf(withMistakes(450, 0.8), "far", 900)).toEqual([{ ...order, exceptions: 2 }]);
  expect(await neverOf(withMistakes(900, 0.8), "one", 900)).toEqual([{ ...order, exceptions: 1 }]);
  expect(await neverOf(withMistakes(450, 0.02), "near", 900)).toBeUndefined();
  expect(await neverOf(withMistakes(100, 0.8), "often", 900)).toBeUndefined();
});

it.each([
  [400, 2.5],
  [4000, 3],
])("a tendency of %i rows that few break is no order", async (count, apart) => {
  const normal = (uniform: () => number) =>
    Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  let broken = 0;
  const cells = (uniform: () => number) => {
    const low = 3 * normal(uniform);
    const high = low + apart + normal(uniform);
    broken += Number(low > high);
    return { low, high };
  };
  expect(await neverOf(cells, "tendency", count)).toBeUndefined();
  expect(broken).toBeGreaterThan(0);
  // few enough for an order, were it not for where they lie
  expect(broken).toBeLessThanOrEqual(0.0025 * count);
});

it("a row that breaks an order of training rows is named, with how many of those do", async () => {
  const cells = (i: number): unknown[] => [(7 * i) % 41, i === 150 ? 1 : ((7 * i) % 41) + (i % 5)];
  const path = write("mistake", 700, cells);
  const { notes, schema: found } = await readRows(path);
  const line = '"low" is above "high", which it is in 1 of 700 training rows';
  expect(notes).toEqual([`${path}: in 1 row, first in row 151, ${line}`]);
  const other = write("others", 5, (i) => [i, i === 3 ? 0 : i + 1]);
  expect((await readRows(other, { schema: found })).notes).toEqual([
    `${other}: in 1 row, first in row 4, ${line}`,
  ]);
});

const number = { type: "continuous", use: "model", missing: 0, distinct: 99, gap: 0 } as const;
const range = { least: 0, most: 1, mean: 0.5, std: 0.3 };
const schema: TableSchema = {
  version: 1,
  rows: 99,
  columns: ["low", "high"].map((name) => ({ ...number, name, range })),
  never: [{ column: "low", above: "high" }],
};

/** Uniform numbers (low, high), a function of seed and place, in blocks of 512. */
const model: Parameters<typeof possibleSamples>[0] = {
  async *sampleBlocks(n, { from = 0, to = n, seed = 0 } = {}) {
    for (let at = from; at < to; at += 512) {
      const rows = Array.from({ length: Math.min(512, to - at) }, (_, i) => makeRng(seed, at + i));
      yield Float32Array.from(rows.flatMap((rng) => [rng.uniform(), rng.uniform()]));
    }
  },
};

it("impossible rows are drawn again: samples have the law of possible ones", async () => {
  const [plain, rows] = [
    await possibleRowsOf(model, { ...schema, never: [] }, 4000, { seed: 3 }),
    await possibleRowsOf(model, schema, 4000, { seed: 3 }),
  ];
  const pairs = (all: Float32Array): number[][] =>
    Array.from({ length: 4000 }, (_, i) => [all[2 * i]!, all[2 * i + 1]!]);
  expect(pairs(plain).filter(([low, high]) => low! > high!).length).toBeGreaterThan(1800);
  expect(pairs(rows).filter(([low, high]) => low! > high!)).toEqual([]);
  // the least of two uniform numbers has the mean 1/3 and the variance 1/18
  const mean = pairs(rows).reduce((sum, [low]) => sum + low!, 0) / 4000;
  expect(Math.abs(mean - 1 / 3)).toBeLessThan(4 / Math.sqrt(18 * 4000));
  const kept = pairs(plain).flatMap(([low, high], i) => (low! <= high! ? [i] : []));
  expect(kept.every((i) => rows[2 * i] === plain[2 * i])).toBe(true);
});

it("samples are those of the same places, wherever they begin", async () => {
  const all = await possibleRowsOf(model, schema, 1000);
  const end = await possibleRowsOf(model, schema, 1000, { from: 768, to: 1000 });
  expect(end).toEqual(all.subarray(2 * 768));
});

it("a flow that has no possible row keeps its rows", async () => {
  const upside: TableSchema = {
    ...schema,
    never: [
      { column: "low", above: "high" },
      { column: "high", above: "low" },
    ],
  };
  expect(await possibleRowsOf(model, upside, 300)).toEqual(
    await possibleRowsOf(model, { ...schema, never: [] }, 300),
  );
});
