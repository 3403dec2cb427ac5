import { expect, it } from "vitest";
import { nearestDraws } from "../src/samples/nearest-draws.js";

it("keeps of the draws of each example the nearest, the first of equal ones", async () => {
  // two numbers an example: the round, and how far it is
  const distances = [
    [3, 1, Number.POSITIVE_INFINITY],
    [2, 1, 8],
    [5, 0, Number.NaN],
    [2, 4, 9],
  ];
  const seeds: number[] = [];
  const draw = async (seed: number): Promise<Float32Array> => {
    const round = seeds.push(seed) - 1;
    return Float32Array.from((distances[round] ?? []).flatMap((far) => [round, far]));
  };
  const far = async (rows: Float32Array) => Float64Array.from(rows.filter((_, i) => i % 2 === 1));
  expect([...(await nearestDraws(draw, far, 7))]).toEqual([1, 2, 2, 0, 1, 8]);
  expect(seeds).toEqual([28, 29, 30, 31]); // none is one of another seed
});
