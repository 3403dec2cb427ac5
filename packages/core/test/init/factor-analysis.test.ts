import { describe, expect, it } from "vitest";
import { factored } from "../../src/init/factor-analysis.js";
import { type HostMatrix, symmetricEigen } from "../../src/math/linalg.js";
import { makeRng, type Rng } from "../../src/math/rng.js";

const N = 20;

/** Λ Λᵀ + Ψ of so many factors. */
function covarianceOf(factors: number, rng: Rng): HostMatrix {
  const loadings = Array.from({ length: N }, () => Array.from({ length: factors }, () => 0.6 * rng.normal()));
  const own = Array.from({ length: N }, () => 0.2 + rng.uniform());
  const data = Float64Array.from({ length: N * N }, (_, at) => {
    const [i, j] = [Math.floor(at / N), at % N];
    return loadings[i]!.reduce((sum, v, k) => sum + v * loadings[j]![k]!, i === j ? own[i]! : 0);
  });
  return { rows: N, columns: N, data };
}

/** The empirical covariance of rows of a normal law. */
function sampled(law: HostMatrix, rows: number, rng: Rng): HostMatrix {
  const { values, vectors } = symmetricEigen(law);
  const data = new Float64Array(N * N);
  for (let r = 0; r < rows; r++) {
    const e = Array.from(values, (value) => Math.sqrt(value) * rng.normal());
    const x = Array.from({ length: N }, (_, i) =>
      e.reduce((sum, v, j) => sum + v * vectors.data[i * N + j]!, 0),
    );
    for (let i = 0; i < N; i++) for (let j = 0; j < N; j++) data[i * N + j]! += (x[i]! * x[j]!) / rows;
  }
  return { rows: N, columns: N, data };
}

/** log |C| + tr C⁻¹ S, in nats twice a row: least at C = S. */
function deviance(C: HostMatrix, S: HostMatrix): number {
  const { values, vectors } = symmetricEigen(C);
  let sum = 0;
  for (const [k, value] of values.entries()) {
    sum += Math.log(value);
    for (let i = 0; i < N; i++)
      for (let j = 0; j < N; j++)
        sum += (vectors.data[i * N + k]! * S.data[i * N + j]! * vectors.data[j * N + k]!) / value;
  }
  return sum;
}

describe("the covariance of columns that share factors", () => {
  it.each([1, 3, 6])("is found again where %i of them made it", async (factors) => {
    const law = covarianceOf(factors, makeRng(factors));
    const found = await factored(law, 1e6);
    for (const [at, value] of law.data.entries())
      expect(Math.abs(found.data[at]! - value)).toBeLessThan(2e-3);
  });

  it("is nearer to the law than the empirical one, of few rows", async () => {
    const rng = makeRng(8);
    const law = covarianceOf(3, rng);
    const S = sampled(law, 100, rng);
    const excess = (C: HostMatrix): number => (deviance(C, law) - deviance(law, law)) / 2;
    expect(excess(S)).toBeGreaterThan(1);
    expect(excess(await factored(S, 100))).toBeLessThan(0.5 * excess(S));
  });

  it("stays positive where columns are copies, constant, or more than the rows", async () => {
    const rng = makeRng(2);
    const S = sampled(covarianceOf(2, rng), 10, rng);
    for (let i = 0; i < N; i++) {
      S.data[i * N + 1] = S.data[i * N]!;
      S.data[i * N + 2] = 0;
    }
    for (let i = 0; i < N; i++) {
      S.data[N + i] = S.data[i]!;
      S.data[2 * N + i] = 0;
    }
    S.data[N + 1] = S.data[0]!;
    const { values } = symmetricEigen(await factored(S, 10));
    expect(values.every((value) => value > 0 && Number.isFinite(value))).toBe(true);
  });
});
