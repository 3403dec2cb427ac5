import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeRng, type Rng } from "@flowify/core/layer";
import { expect, it } from "vitest";
import { fit } from "../src/index.js";
import { readTable, tableFlow } from "../src/tables.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();

/** Equal steps from one number to another. */
const steps = (from: number, to: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => from + ((to - from) * (i + 0.5)) / count);
const values = (count: number): number[] => Array.from({ length: count }, (_, k) => k);

/** Places of a column of encoded rows, and the size of each. */
type Axis = Readonly<{ places: readonly number[]; width: number }>;
const numbers = (from: number, to: number, count: number): Axis => ({
  places: steps(from, to, count),
  width: (to - from) / count,
});
/** Codes, with that of values which training did not have. */
const codes = (known: number): Axis => ({ places: values(known + 1), width: 1 });
/** Whole numbers with noise: so many draws of it. */
const noisy = (count: number, draws: number): Axis => ({
  places: values(count).flatMap((k) => new Array<number>(draws).fill(k)),
  width: 1 / draws,
});

const tables: readonly Readonly<{
  name: string;
  head: string;
  row: (rng: Rng) => readonly (string | number)[];
  columns: readonly string[];
  axes: readonly Axis[];
}>[] = [
  {
    name: "a category and a number of two peaks",
    head: "kind,size",
    row(rng) {
      const k = rng.integer(4);
      return [`k${k}`, (rng.uniform() < 0.3 ? 4 : k - 2) + 0.5 * rng.normal()];
    },
    columns: ["kind", "size"],
    axes: [codes(4), numbers(-12, 16, 1400)],
  },
  {
    name: "a category and an amount that is often zero",
    head: "kind,amount",
    row(rng) {
      const k = rng.integer(2);
      return [`k${k}`, rng.uniform() < 0.3 + 0.4 * k ? 0 : Math.exp(1 + 0.4 * rng.normal())];
    },
    columns: ["kind", "amount", "amount is 0"],
    axes: [codes(2), numbers(-20, 40, 3000), codes(1)],
  },
  {
    name: "two categories, one given the other, and a number with a tail",
    head: "a,b,size",
    row(rng) {
      const a = rng.integer(3);
      const b = rng.uniform() < 0.7 ? a : rng.integer(3);
      return [`a${a}`, `b${b}`, Math.exp(0.4 * b + 0.5 * rng.normal())];
    },
    columns: ["a", "b", "size"],
    axes: [codes(3), codes(3), numbers(-10, 40, 2500)],
  },
  {
    name: "a category and two numbers that depend on it",
    head: "kind,x,y",
    row(rng) {
      const k = rng.integer(3);
      const x = rng.normal();
      return [`k${k}`, 2 * k + x, (k - 1) * x + 0.6 * rng.normal()];
    },
    columns: ["kind", "x", "y"],
    axes: [codes(3), numbers(-7, 11, 120), numbers(-9, 9, 120)],
  },
  {
    name: "a category and whole numbers",
    head: "kind,count",
    row(rng) {
      const k = rng.integer(3);
      return [`k${k}`, Math.min(30, Math.max(0, Math.round(8 + 6 * k + 3 * rng.normal())))];
    },
    columns: ["kind", "count"],
    axes: [codes(3), { ...noisy(90, 30), places: noisy(90, 30).places.map((v) => v - 30) }],
  },
];

/** The table that is tried each time; the others are long tests. */
const QUICK = 1;

for (const [place, { name, head, row, columns, axes }] of tables.entries())
  it(`${name}: the default training of a mixed table has mass 1`, {
    tags: place < QUICK ? [] : ["long"],
  }, async () => {
    const path = join(root, `${head}.csv`);
    const rng = makeRng(11);
    const lines = Array.from({ length: 400 }, () => row(rng).join(","));
    writeFileSync(path, `${[head, ...lines].join("\n")}\n`);
    const { schema, rows, names } = await readTable(path);
    expect(names).toEqual(columns);
    const model = await fit(tableFlow(schema), rows, {
      steps: 100,
      batchSize: 64,
      learningRate: 3e-3,
      ema: 0.97,
      patience: 5,
      validation: 0.1,
      seed: 7,
    });
    const all = axes.reduce<number[][]>(
      (before, { places }) => before.flatMap((own) => places.map((place) => [...own, place])),
      [[]],
    );
    const width = axes.reduce((product, axis) => product * axis.width, 1);
    const logs = await model.logProb(Float32Array.from(all.flat()));
    await model.dispose();
    expect(Math.abs(logs.reduce((sum, log) => sum + width * Math.exp(log), 0) - 1)).toBeLessThan(0.005);
  });
