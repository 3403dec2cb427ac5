import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeRng } from "@flowify/core/layer";
import { describe, expect, it } from "vitest";
import { findSchema } from "../../src/data/table/find-schema.js";
import { openTable } from "../../src/data/table/sources/open-table.js";
import { conformalP, smallestP } from "../../src/detect/calibration.js";
import { openDetector } from "../../src/detect/detector.js";
import { tableReasoner } from "../../src/detect/reasons/table-reasons.js";
import { fitTableDetector } from "../../src/detect/table-detector.js";
import { openExecutor } from "../../src/executors.js";
import { encodedWidth } from "../../src/tables/columns/kinds.js";
import { openEncodedTable } from "../../src/tables/read-rows.js";
import { temporaryFolder } from "../temporary-folder.js";

const root = temporaryFolder();

/** Scores of all rows of a table by a detector of its own, the places of the rows from the oddest one on, and reasons. */
async function judge(lines: readonly string[], choice: { calendar?: string[] }, seed: number, odd: number[]) {
  const file = join(root, `rows-${seed}.csv`);
  writeFileSync(file, `${lines.join("\n")}\n`);
  const table = await openTable(file, choice);
  const schema = await findSchema(file, table, choice);
  const columns = schema.columns.filter(({ use }) => use === "model");
  const encoded = await openEncodedTable(file, { schema, warn: () => {} });
  const { rows } = await encoded.all();
  const executor = await openExecutor("auto", { warn: () => {} });
  try {
    const found = await fitTableDetector(executor, rows, columns, { seed });
    const open = await openDetector(executor, found.detector);
    const { combination } = await open.score(rows, ["combination"]);
    const width = encodedWidth(schema);
    const { reasonsOf } = tableReasoner(found, open, "combination", 0.01);
    const reasons = await reasonsOf(
      Float32Array.from(odd.flatMap((row) => [...rows.subarray(row * width, (row + 1) * width)])),
    );
    await open.dispose();
    const order = Array.from(combination.keys()).sort((a, b) => combination[b]! - combination[a]!);
    const calibration = found.calibrations.combination;
    return {
      order,
      reasons,
      p: Array.from(combination, (score) => conformalP(calibration, score)),
      calibration,
    };
  } finally {
    await executor.dispose();
  }
}

/** Hourly load and price of 40 days: low at night, high at noon, less on Sundays; planted rows have the values of noon at 03:00. */
function hours(seed: number, planted: readonly number[]): string[] {
  const rng = makeRng(seed);
  const first = Date.UTC(2024, 0, 1);
  return [
    "time,load,price",
    ...Array.from({ length: 960 }, (_, i) => {
      const hour = planted.includes(i) ? 12 : i % 24;
      const sunday = Math.floor(i / 24) % 7 === 6 ? 0.8 : 1;
      const load = sunday * (50 + 20 * Math.sin((Math.PI * (hour - 6)) / 12)) + 1.5 * rng.normal();
      const price = 0.8 * load + 3 * rng.normal();
      return `${new Date(first + i * 3_600_000).toISOString()},${load.toFixed(2)},${price.toFixed(2)}`;
    }),
  ];
}

describe("the parts of a detector", () => {
  // at 03:00 of four days that lie apart
  const planted = [6, 15, 23, 34].map((day) => 24 * day + 3);

  for (const seed of [1, 2, 3, 4, 5])
    it(`do not hide hours with the values of other hours, seed ${seed}`, {
      tags: seed > 1 ? ["long"] : [],
      timeout: 240_000,
    }, async () => {
      const { order, reasons } = await judge(hours(seed, planted), { calendar: ["time"] }, seed, planted);
      const ranks = planted.map((row) => order.indexOf(row) + 1);
      expect(Math.max(...ranks)).toBeLessThanOrEqual(20);
      for (const { blamed, repair } of reasons) {
        const names = [...blamed, ...repair].map(({ name }) => name);
        expect(names.filter((name) => /weekday|month/.test(name))).toEqual([]);
      }
      const clocks = reasons.flatMap(({ blamed }) => blamed.filter(({ name }) => name === "time time"));
      expect([...new Set(clocks.map(({ value }) => value))]).toEqual(["03:00"]);
    });

  it("find a number far outside of the range of its column as odd as it looks", {
    tags: ["long"],
    timeout: 240_000,
  }, async () => {
    const rng = makeRng(8);
    const lines = Array.from({ length: 6000 }, (_, i) => {
      const amount = i === 4321 ? -280 : 40 * Math.exp(0.8 * rng.normal());
      return `${amount.toFixed(2)},${(2 * rng.normal()).toFixed(3)},${rng.integer(7)}`;
    });
    const { order, p, calibration } = await judge(["amount,other,kind", ...lines], {}, 8, []);
    expect(order.indexOf(4321)).toBeLessThan(3);
    expect(p[4321]).toBeLessThanOrEqual(2 * smallestP(calibration));
  });
});
