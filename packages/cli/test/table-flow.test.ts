import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeRng } from "@flowify/core/layer";
import { describe, expect, it } from "vitest";
import { fit } from "../src/index.js";
import { readTable, tableCells, tableFlow } from "../src/tables.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();

const rng = makeRng(3);
const path = join(root, "shops.csv");
const lines = Array.from({ length: 300 }, () => {
  const web = rng.uniform() < 0.25;
  const items = Math.floor(4 * rng.uniform());
  return `${web ? "web" : "north"},${items},${rng.uniform() < 0.2 ? "" : (items + 0.1 * rng.normal()).toFixed(4)}`;
});
writeFileSync(path, `shop,items,weight\n${lines.join("\n")}\n`);

describe("a flow of a table", () => {
  it("learns the probability of its categories and whole numbers, and samples cells", async () => {
    const { schema, rows, fillLog, names } = await readTable(path);
    expect(names).toEqual(["shop", "items", "weight", "weight is missing"]);
    const model = await fit(tableFlow(schema), rows, {
      steps: 40,
      validation: 0.1,
      seed: 7,
      learningRate: 3e-3,
    });
    const logProb = await model.logProb(rows);
    const mean = logProb.reduce((sum, log, i) => sum + log - fillLog[i]!, 0) / logProb.length;
    // −(entropy of the shop + of the items + of the indicator + 0.8 × that of the weight given the items)
    const best = -(0.562 + Math.log(4) + 0.5 + 0.8 * (Math.log(0.1) + 1.4189));
    expect(mean).toBeLessThan(best + 0.2);
    expect(mean).toBeGreaterThan(best - 0.8);
    // Σ over the values of ∫ over the weight; few whole numbers have a place of 400 on each side for others
    expect(model.flow.exact).toBe(true);
    const step = 0.02;
    const grid = Array.from({ length: 900 }, (_, i) => -8 + step * i);
    let mass = 0;
    for (const [items, width] of [
      [-100, 400],
      [0, 1],
      [1, 1],
      [2, 1],
      [3, 1],
      [100, 400],
    ] as const) {
      const at = [0, 1, 2].flatMap((shop) => [0, 1].map((missing) => [shop, missing] as const));
      const points = at.flatMap(([shop, missing]) => grid.flatMap((w) => [shop, items, w, missing]));
      const logs = await model.logProb(Float32Array.from(points));
      mass += width * step * logs.reduce((sum, log) => sum + Math.exp(log), 0);
    }
    expect(Math.abs(mass - 1)).toBeLessThan(0.005);
    // a row beyond all others has a number, too, however small its density
    const [far] = await model.logProb(Float32Array.of(0, 1, 1e30, 0));
    expect(far).toBeLessThan(-100);
    const cells = tableCells(schema, await model.sampleFlat(400, { seed: 1 }));
    const share = (is: (row: (typeof cells)[number]) => boolean): number => cells.filter(is).length / 400;
    expect(Math.abs(share(({ shop }) => shop === "web") - 0.25)).toBeLessThan(0.09);
    expect(Math.abs(share(({ weight }) => weight === null) - 0.2)).toBeLessThan(0.09);
    expect(share(({ items }) => [0, 1, 2, 3].includes(Number(items)))).toBe(1);
    await model.dispose();
  });

  it("costs some nats more for numbers far out, not thousands, and samples as many near the middle", async () => {
    const rng = makeRng(5);
    const cauchy = (): number => Math.tan(Math.PI * (rng.uniform() - 0.5));
    const file = join(root, "tails.csv");
    writeFileSync(file, `x\n${Array.from({ length: 2000 }, cauchy).join("\n")}\n`);
    const { schema, rows } = await readTable(file);
    const model = await fit(tableFlow(schema), rows, { steps: 1, seed: 7 });
    const fresh = Float32Array.from({ length: 4000 }, cauchy);
    const logProb = await model.logProb(fresh);
    const worst = logProb.reduce((least, log) => Math.min(least, log), 0);
    expect(worst).toBeGreaterThan(-30);
    // the differential entropy of a Cauchy distribution is log 4π
    expect(logProb.reduce((sum, log) => sum + log / 4000, 0)).toBeGreaterThan(-Math.log(4 * Math.PI) - 0.1);
    const [far] = await model.logProb(Float32Array.of(1e30));
    expect(far).toBeGreaterThan(-3000);
    const sorted = (await model.sampleFlat(4000, { seed: 1 })).toSorted();
    for (const [share, quartile] of [
      [0.25, -1],
      [0.5, 0],
      [0.75, 1],
    ] as const)
      expect(Math.abs(sorted[4000 * share]! - quartile)).toBeLessThan(0.15);
    await model.dispose();
  });

  it("has probabilities of cents and of days of the week, and samples have them as often", {
    tags: ["long"],
  }, async () => {
    const rng = makeRng(9);
    const ends = ["99", "99", "99", "95"];
    const file = join(root, "ends.csv");
    const row = (): string => {
      const day = new Date(864e5 * (18_267 + 7 * rng.integer(100) + rng.integer(5)))
        .toISOString()
        .slice(0, 10);
      return `${day},${rng.integer(100)}.${ends[rng.integer(4)]}`;
    };
    writeFileSync(file, `day,price\n${Array.from({ length: 1000 }, row).join("\n")}\n`);
    const { schema, rows, fillLog } = await readTable(file);
    expect(schema.columns.map(({ cycle }) => cycle)).toEqual([7, 25]); // 95 and 99 lie 4 apart;
    const model = await fit(tableFlow(schema), rows, { steps: 1, seed: 7 });
    const logProb = await model.logProb(rows);
    const mean = logProb.reduce((sum, log, i) => sum + (log - fillLog[i]!) / 1000, 0);
    const truth = -Math.log(100 * 5) - Math.log(100) - 0.5623;
    expect(mean).toBeGreaterThan(truth - 0.2);
    expect(mean).toBeLessThan(truth + 0.1);
    const cells = tableCells(schema, await model.sampleFlat(400, { seed: 1 }));
    const share = (is: (row: (typeof cells)[number]) => boolean): number => cells.filter(is).length / 400;
    expect(Math.abs(share(({ price }) => String(price).endsWith(".99")) - 0.75)).toBeLessThan(0.09);
    expect(share(({ day }) => [0, 6].includes(new Date(String(day)).getUTCDay()))).toBeLessThan(0.02);
    await model.dispose();
  });

  it("keeps the trend of a number that most rows lack", { tags: ["long"] }, async () => {
    const rng = makeRng(8);
    const file = join(root, "lacking.csv");
    const row = (): string => {
      const [a, known] = [rng.normal(), rng.uniform() < 0.3];
      return `${a},${known ? Math.exp(2 * a + 0.2 * rng.normal()) : ""}`;
    };
    writeFileSync(file, `a,b\n${Array.from({ length: 1200 }, row).join("\n")}\n`);
    const { schema, rows } = await readTable(file);
    const model = await fit(tableFlow(schema), rows, { steps: 1, seed: 7 });
    const cells = tableCells(schema, await model.sampleFlat(4000, { seed: 1 }));
    const off = cells.flatMap(({ a, b }) =>
      b === null ? [] : [Math.abs(Math.log(Math.max(Number(b), 1e-3)) - 2 * Number(a))],
    );
    expect(off.length / 4000).toBeGreaterThan(0.25);
    // 0.13 of the law: the median of the absolute value of a normal of deviation 0.2
    expect(off.toSorted((x, y) => x - y)[off.length >> 1]).toBeLessThan(0.3);
    await model.dispose();
  });

  it("is read as another table was", async () => {
    const { schema } = await readTable(path, { drop: ["weight"] });
    const other = join(root, "other.csv");
    writeFileSync(other, "items,shop\n2,web\n1,north\n");
    const { rows, notes } = await readTable(other, { schema });
    expect(rows.map(Math.round)).toEqual(Float32Array.of(1, 2, 0, 1));
    expect(notes).toEqual([expect.stringContaining("the columns come in another order")]);
  });

  it("has a network that there is, and a column", async () => {
    const { schema } = await readTable(path);
    expect(() => tableFlow(schema, { network: "coupling" as "couplings" })).toThrow(
      'did you mean "couplings"?',
    );
    const none = {
      ...schema,
      columns: schema.columns.map((column) => ({ ...column, use: "none" as const })),
    };
    expect(() => tableFlow(none)).toThrow("no column to learn from");
  });
});
