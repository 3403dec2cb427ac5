import { describe, expect, it } from "vitest";
import { ownersOf } from "../../src/train/batch-share.js";

const leaf = (kind: "euclidean" | "orthogonal" | "fixed", ...shape: number[]) => ({ kind, shape });
const owners = (of: number, ...all: ReturnType<typeof leaf>[]) =>
  ownersOf(
    all.map(({ kind }, i) => ({ path: String(i), kind })),
    all,
    of,
  );

describe("owners of parameters", () => {
  it("have about the same number of numbers", () => {
    const sizes = [5, 1, 4, 2, 3, 3].map((size) => leaf("euclidean", size));
    const found = owners(2, ...sizes);
    const of = (owner: number) =>
      sizes.reduce((sum, { shape }, i) => sum + (found[i] === owner ? (shape[0] as number) : 0), 0);
    expect([of(0), of(1)]).toEqual([9, 9]);
  });

  it("count the products of an orthogonal matrix", () => {
    const [matrix, ...others] = owners(
      2,
      leaf("orthogonal", 256, 256),
      ...new Array(3).fill(leaf("euclidean", 256, 256)),
    );
    expect(others).toEqual(others.map(() => 1 - (matrix as number)));
  });

  it("are none for fixed parameters, which nobody moves", () => {
    expect(owners(2, leaf("fixed", 3), leaf("euclidean", 1))).toEqual([-1, 0]);
  });
});
