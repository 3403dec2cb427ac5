import { describe, expect, it } from "vitest";
import { orthonormalize } from "../../src/math/linalg.js";
import { type Dense, transposed, transposedTimes } from "../../src/math/products.js";
import { makeRng } from "../../src/math/rng.js";

const rng = makeRng(5);
const random = (rows: number, columns: number): Dense => ({
  data: Float64Array.from({ length: rows * columns }, () => rng.normal()),
  columns,
});

/** Aᵀ B, number by number. */
function byNumber(a: Dense, b: Dense): number[] {
  const rows = a.data.length / a.columns;
  return Array.from({ length: a.columns * b.columns }, (_, at) => {
    const [i, j] = [Math.floor(at / b.columns), at % b.columns];
    let sum = 0;
    for (let r = 0; r < rows; r++) sum += a.data[r * a.columns + i]! * b.data[r * b.columns + j]!;
    return sum;
  });
}

const expectNear = (found: Float64Array, wanted: readonly number[]): void => {
  expect(found.length).toBe(wanted.length);
  for (const [at, value] of wanted.entries()) expect(Math.abs(found[at]! - value)).toBeLessThan(1e-11);
};

describe("the product of a transposed matrix", () => {
  it.each([
    [1, 1, 1],
    [7, 5, 3],
    [256, 4, 8],
    [300, 9, 13],
  ])("of %i rows, %i and %i columns", (rows, m, n) => {
    const [a, b] = [random(rows, m), random(rows, n)];
    expectNear(transposedTimes(a, b), byNumber(a, b));
    expectNear(transposedTimes(a, a), byNumber(a, a));
    expectNear(transposedTimes(transposed(a), transposed(a)), byNumber(transposed(a), transposed(a)));
  });

  it("of no rows is zero", () => {
    expect([...transposedTimes(random(0, 2), random(0, 1))]).toEqual([0, 0]);
  });
});

it("vectors become orthonormal, and one that depends on others zero", () => {
  const vectors = Array.from({ length: 3 }, () => random(1, 6).data);
  const copy = vectors[0]!.map((v, i) => 2 * v - vectors[1]![i]!);
  const all = [vectors[0]!, vectors[1]!, copy, vectors[2]!];
  orthonormalize(all);
  const data = Float64Array.from(all.flatMap((vector) => [...vector]));
  const gram = transposedTimes(transposed({ data, columns: 6 }), transposed({ data, columns: 6 }));
  expectNear(gram, [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
});
