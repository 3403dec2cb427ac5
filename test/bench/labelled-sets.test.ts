import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { averagePrecision } from "../../bench/average-precision.js";
import { readLabelledRows } from "../../bench/labelled-sets.js";
import { npyBytes } from "../../packages/cli/test/data/npy-files.js";
import { zipBytes } from "../../packages/cli/test/data/zip-files.js";
import { temporaryFolder } from "../../packages/cli/test/temporary-folder.js";

const root = temporaryFolder();

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
      "1 labels, expected one for each row",
    );
  });
});

describe("average precision", () => {
  it.each([
    [[1, 2], [3, 4], 1],
    [[3, 4], [1, 2], (1 / 2) * (1 / 3) + (1 / 2) * (2 / 4)],
    [[1, 1], [1, 1], 0.5],
    [[1, 3], [2, 4], 0.5 * 1 + 0.5 * (2 / 3)],
  ])("of %j and %j is %d", (own, strange, wanted) => {
    expect(averagePrecision(own, strange)).toBeCloseTo(wanted, 12);
  });
});
