import { numpy as np } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import type { ColumnSchema } from "../../src/data/table/schema.js";
import { belowZero } from "../../src/detect/below-zero.js";
import { arrayColumns } from "../../src/detect/detector.js";
import { findSpaces } from "../../src/detect/spaces.js";
import { valueAt } from "../../src/places.js";
import { tableColumns } from "../../src/tables/columns/kinds.js";

const COUNT = 200;

/** How much farther beyond their range rows of one column are. */
async function farther(
  column: Partial<ColumnSchema>,
  training: number[],
  asked: number[],
): Promise<number[]> {
  const columns = tableColumns({ columns: [{ ...valueAt(arrayColumns(1), 0), ...column }] });
  const f = belowZero(columns, findSpaces(Float32Array.from(training), 1), training.length);
  if (!f) return asked.map(() => 0);
  return [...((await f(np.array(asked.map((value) => [value]))).data()) as Float32Array)];
}

const rows = (f: (i: number) => number): number[] => Array.from({ length: COUNT }, (_, i) => f(i));
const nights = rows((i) => 1 + (i % 7) ** 2 / 6);

describe("values below zero", () => {
  it("are far beyond the range of amounts", async () => {
    expect(await farther({}, nights, [-3, -0.01, 0, 5])).toEqual([1000, 1000, 0, 0]);
    expect(
      await farther(
        { origin: 100 },
        nights.map((x) => x - 100),
        [-103, -100, -95],
      ),
    ).toEqual([1000, 0, 0]);
  });

  it("are like others where training has one, where zero is far away, and in dates", async () => {
    expect(await farther({}, [...nights, -1], [-3])).toEqual([0]);
    expect(
      await farther(
        {},
        nights.map((x) => x + 20),
        [-3],
      ),
    ).toEqual([0]);
    expect(await farther({ type: "date" }, nights, [-3])).toEqual([0]);
  });
});
