import { makeRng } from "@flowify/core/layer";
import { nativeExecutor } from "@flowify/onnx";
import { afterAll, expect, it } from "vitest";
import { c2st } from "../../bench/c2st.js";

const executor = await nativeExecutor();
afterAll(() => executor.dispose());

const normals = (seed: number, count: number, shift = 0): Float32Array => {
  const rng = makeRng(seed);
  return Float32Array.from({ length: count }, () => shift + rng.normal());
};

/** Crescents, as posteriors of two moons are, one after another from one stream. */
function crescents(...groups: readonly Readonly<{ count: number; shift: number }>[]): Float32Array[] {
  const rng = makeRng(11);
  return groups.map(({ count, shift }) =>
    Float32Array.from(
      Array.from({ length: count }, () => {
        const [angle, radius] = [Math.PI * (rng.uniform() - 0.5), 0.1 + 0.01 * rng.normal()];
        return [radius * Math.cos(angle) + shift, radius * Math.sin(angle)];
      }).flat(),
    ),
  );
}

it("tells samples of one distribution from each other by chance alone, shifted ones as the best classifier does", async () => {
  expect(Math.abs((await c2st(executor, normals(1, 1000), normals(2, 1000), 1)) - 0.5)).toBeLessThan(0.04);
  // N(0, 1) against N(2, 1): the best threshold is right with probability Φ(1)
  const shifted = await c2st(executor, normals(1, 1000), normals(2, 1000, 2), 1);
  expect(Math.abs(shifted - 0.8413)).toBeLessThan(0.025);
});

/**
 * The mean of five seeds of scikit-learn 1.4.2 on these numbers, between 0.747 and 0.754: the accuracy of
 * `cross_val_score(MLPClassifier(hidden_layer_sizes=(20, 20), max_iter=1000, random_state=seed), z, labels,
 * cv=KFold(5, shuffle=True, random_state=seed))`, with z standardized by the first sample.
 */
const SCIKIT_LEARN = 0.7498;

it("says of a crescent and a shifted one what a second implementation says", { tags: ["long"] }, async () => {
  const [a, b] = crescents({ count: 1500, shift: 0 }, { count: 1500, shift: 0.02 });
  const score = await c2st(executor, a as Float32Array, b as Float32Array, 2);
  expect(Math.abs(score - SCIKIT_LEARN)).toBeLessThan(0.01);
});

it("finds 10,000 samples of one distribution alike to 0.01", { tags: ["long"] }, async () => {
  const group = { count: 10_000, shift: 0 };
  const [a, b] = crescents(group, group);
  expect(Math.abs((await c2st(executor, a as Float32Array, b as Float32Array, 2)) - 0.5)).toBeLessThan(0.01);
});
