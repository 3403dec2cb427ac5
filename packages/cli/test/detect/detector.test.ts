import { DataError } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { describe, expect, it } from "vitest";
import { auroc } from "../../src/auroc.js";
import { arrayColumns, fitDetector, openDetector } from "../../src/detect/detector.js";
import { decodeDetector, encodeDetector } from "../../src/detect/detector-bytes.js";
import { openExecutor } from "../../src/executors.js";

/** Points near a circle of radius 3: what is odd lies inside of it, where every column alone looks usual. */
function points(seed: number, count: number, radius: number): Float32Array {
  const rng = makeRng(seed);
  return Float32Array.from(
    Array.from({ length: count }, () => {
      const angle = 2 * Math.PI * rng.uniform();
      const r = radius + 0.1 * rng.normal();
      return [r * Math.cos(angle), r * Math.sin(angle)];
    }).flat(),
  );
}

describe("a detector", () => {
  const [training, own, strange] = [points(1, 400, 3), points(2, 100, 3), points(3, 40, 1)];
  const rows = Float32Array.from([...own, ...strange]);
  const kinds = ["flow", "kernels", "neighbours", "combination"] as const;
  const areaOf = (all: Float64Array): number => auroc(all.subarray(0, 100), all.subarray(100));

  it("finds rows inside of a ring, the same in each run of a seed", async () => {
    const executor = await openExecutor();
    const scoresOf = async () => {
      const open = await openDetector(
        executor,
        await fitDetector(executor, training, arrayColumns(2), { steps: 80 }),
      );
      const scores = await open.score(rows, kinds);
      await open.dispose();
      return scores;
    };
    try {
      const scores = await scoresOf();
      for (const kind of kinds) expect(areaOf(scores[kind])).toBeGreaterThan(0.97);
      expect((await scoresOf()).combination).toEqual(scores.combination);
    } finally {
      await executor.dispose();
    }
  });

  it("finds anomalies among the rows that it was fitted to", async () => {
    const executor = await openExecutor("auto", { warn: () => {} });
    // the second column follows the first one; in the last ten rows it goes the other way
    const rng = makeRng(4);
    const all = Float32Array.from({ length: 220 }, () => rng.normal());
    for (let i = 0; i < 110; i++) {
      if (i >= 100) all[2 * i]! += 2 * Math.sign(all[2 * i]!);
      all[2 * i + 1] = (i < 100 ? 1 : -1) * all[2 * i]! + 0.1 * all[2 * i + 1]!;
    }
    try {
      const detector = await fitDetector(executor, all, arrayColumns(2), { steps: 60, contaminated: true });
      const open = await openDetector(executor, detector);
      const { combination } = await open.score(all, ["combination"]);
      await open.dispose();
      expect(auroc(combination.subarray(0, 100), combination.subarray(100))).toBeGreaterThan(0.85);
    } finally {
      await executor.dispose();
    }
  });

  it("trains no further where held-out rows have not become likelier for long", async () => {
    const executor = await openExecutor("auto", { warn: () => {} });
    let steps = 0;
    try {
      // noise in many columns: couplings learn it by heart
      const rng = makeRng(2);
      const rows = Float32Array.from({ length: 80 * 6 }, () => rng.normal());
      const onStep = (step: number): void => {
        steps = step;
      };
      await fitDetector(executor, rows, arrayColumns(6), { onStep });
      expect(steps).toBeLessThan(300); // 400 are the most
      await fitDetector(executor, rows, arrayColumns(6), { onStep, steps: 60 });
      expect(steps).toBe(60); // a short training has no time to tell
    } finally {
      await executor.dispose();
    }
  });

  it("holds a missing number for as odd as it is rare, whichever values the others have", async () => {
    const executor = await openExecutor("auto", { warn: () => {} });
    const rng = makeRng(6);
    const rows = Float32Array.from({ length: 400 }, () => rng.normal());
    for (let i = 0; i < 8; i++) rows[50 * i] = Number.NaN; // 4 % of the first column
    const columns = arrayColumns(2).map((each, i) => ({ ...each, missing: i === 0 ? 8 : 0 }));
    try {
      const detector = await fitDetector(executor, rows, columns, { steps: 20 });
      expect(detector.spaces.width).toBe(2);
      const open = await openDetector(executor, detector);
      const held = { scores: Float64Array.of(0) };
      const calibrations = { combination: held, flow: held, kernels: held, neighbours: held };
      for (const counted of ["all", "numbers", "none"] as const) {
        const bytes = encodeDetector({ detector: { ...detector, counted }, calibrations });
        const read = decodeDetector(bytes, (why) => new DataError(why));
        expect(read.detector.counted).toBe(counted); // in files from before
      }
      // the order of keys, which differs after a configuration was read, does not show
      const backwards = columns.map((each) => Object.fromEntries(Object.entries(each).reverse()));
      const [asFound, asRead] = [columns, backwards as typeof columns].map((all) =>
        encodeDetector({ detector: { ...detector, columns: all }, calibrations }),
      );
      expect(asRead).toEqual(asFound);
      const lacking = Float32Array.of(Number.NaN, 1, Number.NaN, -2, 1, Number.NaN);
      const filled = lacking.map((each) => (Number.isNaN(each) ? 0 : each)); // the mean of the schema
      const scores = async (of: Float32Array) => open.score(of, ["flow", "kernels"]);
      const [without, full] = [await scores(lacking), await scores(filled)];
      await open.dispose();
      for (const [i, lack] of [8, 8, 0].entries())
        expect(without.flow[i]! - full.flow[i]!).toBeCloseTo(Math.log((200.5 - lack) / (lack + 0.5)), 4);
      without.kernels.forEach((each, i) => {
        expect(each).toBeGreaterThan(full.kernels[i]!);
      });
    } finally {
      await executor.dispose();
    }
  });

  it("holds a missing category for as odd as it is rare, and refuses rows with noise", async () => {
    const executor = await openExecutor("auto", { warn: () => {} });
    const rng = makeRng(7);
    const rows = Float32Array.from({ length: 600 }, (_, i) => (i % 2 === 0 ? rng.integer(2) : rng.normal()));
    for (let i = 0; i < 12; i++) rows[50 * i] = 2; // 4 % of the first column
    const [, number] = arrayColumns(2);
    const category = { name: "kind", type: "category", use: "model", missing: 12, distinct: 3 } as const;
    const columns = [{ ...category, values: ["a", "b", null] }, number!];
    try {
      const detector = await fitDetector(executor, rows, columns, { steps: 20 });
      const open = await openDetector(executor, detector);
      const { flow } = await open.score(Float32Array.of(2, 0.5, 0, 0.5), ["flow"]);
      await open.dispose();
      expect(flow[0]! - flow[1]!).toBeCloseTo(Math.log(288.5 / 12.5), 4);
      const noisy = rows.map((value) => value + 0.25);
      await expect(fitDetector(executor, noisy, columns)).rejects.toThrow('codes of "kind"');
      await expect(fitDetector(executor, rows.subarray(1), columns)).rejects.toThrow("rows of 2 numbers");
    } finally {
      await executor.dispose();
    }
  });

  it("fits one column, and refuses a handful of rows", async () => {
    const executor = await openExecutor("auto", { warn: () => {} });
    try {
      const column = training.subarray(0, 300);
      const open = await openDetector(
        executor,
        await fitDetector(executor, column, arrayColumns(1), { steps: 20 }),
      );
      const { combination } = await open.score(Float32Array.of(3, 50), ["combination"]);
      await open.dispose();
      expect(combination[1]).toBeGreaterThan(combination[0]!);
      await expect(fitDetector(executor, column.subarray(0, 9), arrayColumns(1))).rejects.toThrow(
        "9 rows: expected",
      );
    } finally {
      await executor.dispose();
    }
  });
});
