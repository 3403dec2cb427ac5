import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeRng, type Rng } from "@flowify/core/layer";
import { describe, expect, it } from "vitest";
import type { Columns } from "../../src/synthetic/columns.js";
import { compareRows, syntheticLines } from "../../src/synthetic/judge-rows.js";
import { columnShapes, pairTrends } from "../../src/synthetic/likeness.js";
import { detection } from "../../src/synthetic/tasks.js";
import { readRows } from "../../src/tables/read-rows.js";
import { temporaryFolder } from "../temporary-folder.js";

const columns = (count: number, of: Readonly<Record<string, (i: number) => number>>): Columns =>
  Object.entries(of).map(([name, value]) => ({
    name,
    isNumber: !name.startsWith("shop"),
    values: Float64Array.from({ length: count }, (_, i) => value(i)),
  }));

describe("sampled rows beside real ones", () => {
  const real = columns(200, {
    a: (i) => Math.sin(i),
    b: (i) => (i % 17 === 5 ? Number.NaN : 0.5 * Math.sin(i) + 0.3 * Math.cos(3 * i)),
    shop: (i) => i % 3,
  });
  const other = columns(200, {
    a: (i) => Math.sin(1.1 * i) + 0.1,
    b: (i) => Math.cos(i) + 0.2 * Math.sin(1.1 * i),
    shop: (i) => (i * i) % 5,
  });
  const scores = ({ columns }: ReturnType<typeof pairTrends>) => columns.map(({ score }) => score);

  it("have the scores of shapes and trends that numpy and scipy compute", () => {
    // scipy.stats.ks_2samp, numpy.corrcoef, and counts over numpy.histogram_bin_edges
    const shapes = [0.86, 0.775, 0.535];
    const trends = [0.6841244206894113, 0.395, 0.3];
    const [found, pairs] = [columnShapes(real, other), pairTrends(real, other)];
    for (const [i, score] of scores(found).entries()) expect(score).toBeCloseTo(shapes[i]!, 10);
    for (const [i, score] of scores(pairs).entries()) expect(score).toBeCloseTo(trends[i]!, 10);
    expect(pairs.columns.map(({ name }) => name)).toEqual(["a and b", "a and shop", "b and shop"]);
    expect(pairs.score).toBeCloseTo(trends.reduce((a, b) => a + b) / 3, 10);
  });

  it("are wholly alike where they are the same, whatever does not vary", () => {
    const same = [...real, ...columns(200, { fixed: () => 3 })];
    expect(columnShapes(same, same).score).toBe(1);
    expect(pairTrends(same, same)).toMatchObject({ score: 1, columns: { length: 4 } });
  });
});

/** Rows (x, y, kind) where y follows x, and so does the kind. */
function drawn(rng: Rng, count: number, slope: number): Columns {
  const x = Array.from({ length: count }, () => rng.normal());
  const y = x.map((value) => slope * value + 0.3 * rng.normal());
  return columns(count, { x: (i) => x[i]!, y: (i) => y[i]!, shop: (i) => Number(x[i]! > 0) });
}

describe("boosted trees", () => {
  it("find no difference between rows of one distribution, and that of a correlation", () => {
    const rows = (slope: number, seed: number) => drawn(makeRng(seed), 600, slope);
    const alike = detection(rows(1, 1), rows(1, 2), 1);
    expect(Math.abs(alike.auroc - 0.5)).toBeLessThan(0.06);
    expect(alike.score).toBeGreaterThan(0.85);
    const apart = detection(rows(1, 1), rows(-1, 3), 1);
    expect(apart.auroc).toBeGreaterThan(0.9);
    expect(apart.score).toBeCloseTo(1 - (2 * apart.auroc - 1), 10);
  });
});

describe("the rows of a table", () => {
  const root = temporaryFolder();
  const write = async (name: string, rng: Rng, count: number, noise = 0.5) => {
    const path = join(root, name);
    const lines = Array.from({ length: count }, () => {
      const length = 30 + 6 * rng.normal();
      return `${length.toFixed(1)},${(0.3 * length + noise * rng.normal()).toFixed(2)},${length > 33 ? "road" : "air"}`;
    });
    writeFileSync(path, `length,weight,carrier\n${lines.join("\n")}\n`);
    return path;
  };

  it("are compared with fresh ones, copies, and others", async () => {
    const training = await readRows(await write("training.csv", makeRng(1), 700));
    const { schema } = training;
    const read = async (path: string) => (await readRows(path, { schema })).encoded;
    const heldOut = await read(await write("held.csv", makeRng(2), 300));
    const rows = { training: training.encoded, heldOut };

    const fresh = compareRows(
      schema,
      { ...rows, sampled: await read(await write("fresh.csv", makeRng(3), 700)) },
      1,
    );
    expect(fresh.shapes.samples.score).toBeGreaterThan(0.93);
    expect(fresh.trends.samples.score).toBeGreaterThan(0.9);
    // drawn from the rows themselves, only one of the two sets has chance in it
    expect(fresh.trends.redrawn.score).toBeGreaterThan(fresh.trends.samples.score);
    expect(fresh.trends.redrawn.score).toBeLessThan(1);
    expect(fresh.privacy.nearer.expected).toBeCloseTo(0.7, 10);
    expect(Math.abs(fresh.privacy.nearer.share - 0.7)).toBeLessThan(0.06);
    expect(fresh.privacy.copies.sampled).toBeLessThan(0.05);
    const weight = fresh.efficacy.find(({ column }) => column === "weight")!;
    expect(Math.abs(weight.samples - weight.real)).toBeLessThan(0.06);
    expect(weight.real).toBeGreaterThan(0.8);

    const copied = compareRows(schema, { ...rows, sampled: training.encoded.slice() }, 1);
    expect(copied.privacy).toMatchObject({ copies: { sampled: 1 } });
    expect(copied.privacy.nearer.share).toBeGreaterThan(0.98);
    expect(copied.shapes.samples.score).toBe(1);

    const many = await read(await write("many.csv", makeRng(5), 3000));
    const fewer = compareRows(schema, { ...rows, sampled: many }, 1);
    expect(fewer.samples).toEqual({ likeness: 3000, others: 1000 });
    // chance has a smaller part in more samples
    expect(fewer.trends.redrawn.score).toBeGreaterThan(fresh.trends.redrawn.score);

    const loose = compareRows(
      schema,
      { ...rows, sampled: await read(await write("loose.csv", makeRng(4), 700, 3)) },
      1,
    );
    expect(loose.trends.samples.score).toBeLessThan(fresh.trends.samples.score - 0.03);
    expect(loose.detection.samples.score).toBeLessThan(fresh.detection.samples.score - 0.3);
    const loosely = loose.efficacy.find(({ column }) => column === "length")!;
    expect(loosely.samples).toBeLessThan(loosely.real - 0.05);
    expect(syntheticLines(loose).join("\n")).toMatch(
      /column shapes[\s\S]*those of 700 samples, the others of 700[\s\S]*least alike: weight and carrier/,
    );
  });
});
