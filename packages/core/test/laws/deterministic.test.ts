import { describe, expect, it } from "vitest";
import type { HostArray } from "../../src/params/host-array.js";
import { numbersOf } from "../../src/testing/arrays.js";
import { toRows } from "../../src/testing/plain.js";
import { prepare } from "../../src/testing/prepare.js";
import { catalog } from "../catalog.js";
import { expectClose } from "../support/compare.js";
import type { CatalogEntry } from "../support/entry.js";
import { dense, multiply } from "../support/plain.js";

const last = (shape: readonly number[]): number => shape[shape.length - 1] as number;
const linears = catalog.filter(({ layer }) => layer.name === "linear");

/** The layer's output in deterministic mode, as rows of its last axis. */
async function meanOutput(entry: CatalogEntry) {
  const { params, x, meanNoise, hostParams } = await prepare(entry, "float32");
  const { z, contribution } = entry.layer.forward(params(), x(), meanNoise(entry.layer.forwardNoise));
  contribution.dispose();
  return { z: await numbersOf(z), x: toRows(await numbersOf(x()), last(entry.layer.inShape)), hostParams };
}

describe("deterministic mode is the plain network", () => {
  it.each(linears.filter(({ weights }) => weights))(
    "the dense layer of the given weights: $name",
    async (entry) => {
      const { z, x } = await meanOutput(entry);
      const { weight, bias = [] } = entry.weights as NonNullable<CatalogEntry["weights"]>;
      expectClose(z, dense(x, toRows(weight, last(entry.layer.inShape)), Array.from(bias)).flat(), "plain");
    },
  );

  // expm holds R as a free A: parity checks that one
  const held = linears.filter(({ weights, name }) => !weights && !name.includes("expm"));
  it.each(held)("the dense layer that R₁, s and R₂ stand for: $name", async (entry) => {
    const { z, x, hostParams } = await meanOutput(entry);
    const [n, m] = [last(entry.layer.inShape), last(entry.layer.outShape)];
    const numbers = (name: string): number[] =>
      Array.from((hostParams as { [name: string]: HostArray })[name]!.data);
    // Wᵀ = R₁ [0; diag(eˢ)] R₂: coordinate i of x R₁ goes to i − (n − m), or (n < m) to i
    const scales = Array.from({ length: n }, (_, i) =>
      Array.from({ length: m }, (_v, j) =>
        j === i - Math.max(n - m, 0) ? Math.exp(numbers("logScale")[j] as number) : 0,
      ),
    );
    const w = multiply(multiply(toRows(numbers("rotateIn"), n), scales), toRows(numbers("rotateOut"), m));
    const plain = multiply(x, w).map((row) => row.map((v, j) => v + (numbers("bias")[j] as number)));
    expectClose(z, plain.flat(), "plain");
  });

  it("has an entry for every way that sizes compare", () => {
    const kinds = linears
      .filter(({ weights }) => weights)
      .map(({ layer }) => Math.sign(last(layer.inShape) - last(layer.outShape)));
    expect(new Set(kinds)).toEqual(new Set([-1, 0, 1]));
  });
});
