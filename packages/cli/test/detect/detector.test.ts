import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { auroc } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { describe, expect, it } from "vitest";
import { readLabelledRows } from "../../src/data/labelled-rows.js";
import { detectorScores } from "../../src/detect/detector.js";
import { openExecutor } from "../../src/executors.js";
import { npyBytes } from "../data/npy-files.js";
import { zipBytes } from "../data/zip-files.js";
import { temporaryFolder } from "../temporary-folder.js";

const root = temporaryFolder();

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

describe("the detectors", () => {
  it("find rows inside of a ring, the same in each run of a seed", async () => {
    const executor = await openExecutor("auto", { warn: () => {} });
    try {
      const [training, own, strange] = [points(1, 400, 3), points(2, 100, 3), points(3, 40, 1)];
      const rows = Float32Array.from([...own, ...strange]);
      const scores = await detectorScores(executor, training, rows, 2, { steps: 80 });
      const areas = Object.fromEntries(
        Object.entries(scores).map(([name, all]) => [name, auroc(all.subarray(0, 100), all.subarray(100))]),
      );
      expect(Object.keys(areas)).toEqual(["flow", "neighbours", "kernels", "combination"]);
      for (const area of Object.values(areas)) expect(area).toBeGreaterThan(0.97);
      const again = await detectorScores(executor, training, rows, 2, { steps: 80 });
      expect(again.combination).toEqual(scores.combination);
    } finally {
      await executor.dispose();
    }
  });
});

describe("labelled rows", () => {
  const archive = (name: string, arrays: { [array: string]: Uint8Array }): string => {
    const path = join(root, name);
    const entries = Object.entries(arrays).map(([array, content]) => ({ name: `${array}.npy`, content }));
    writeFileSync(path, zipBytes(entries));
    return path;
  };
  const x = npyBytes([2, 3], new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer), { descr: "'<f4'" });

  it("are the arrays X and y of an archive", async () => {
    const y = npyBytes([2], new Uint8Array(BigInt64Array.of(0n, 1n).buffer), { descr: "'<i8'" });
    const { rows, width, labels } = await readLabelledRows(archive("good.npz", { X: x, y }));
    expect([[...rows], width, [...labels]]).toEqual([[1, 2, 3, 4, 5, 6], 3, [0, 1]]);
  });

  it("without labels, or with too few, are refused", async () => {
    await expect(readLabelledRows(archive("none.npz", { X: x }))).rejects.toThrow("holds no array y");
    const y = npyBytes([1], Uint8Array.of(1));
    await expect(readLabelledRows(archive("few.npz", { X: x, y }))).rejects.toThrow(
      "y has the sizes [1], expected [2]",
    );
  });
});
