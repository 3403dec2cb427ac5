import { tree } from "@jax-js/jax";
import { describe, it } from "vitest";
import { catalog } from "../catalog.js";
import { numbersOf } from "../support/arrays.js";
import { expectClose } from "../support/compare.js";
import { noiseSize, type Precision, prepare } from "../support/prepare.js";

/**
 * What a layer's noises promise: without noise in the inverse, inverse(forward(x, any noise)) = x;
 * without noise forward, forward(inverse(z, any noise)) = z. A bijection promises both.
 */
describe.each(["float64", "float32"] as const)("round trips in %s", (precision: Precision) => {
  const law = precision === "float64" ? "roundTrip64" : "roundTrip32";
  const there = catalog.filter(({ layer }) => noiseSize(layer.inverseNoise) === 0);
  const back = catalog.filter(({ layer }) => noiseSize(layer.forwardNoise) === 0);

  it.each(there)("inverse(forward(x)) = x: $name", async (entry) => {
    const { params, x, forwardNoise, inverseNoise } = await prepare(entry, precision);
    const { z, contribution } = entry.layer.forward(params(), x(), forwardNoise());
    contribution.dispose();
    const again = entry.layer.inverse(params(), z, inverseNoise());
    expectClose(await numbersOf(again), await numbersOf(x()), law, entry.condition);
  });

  it.each(back)("forward(inverse(z)) = z: $name", async (entry) => {
    const { params, z, forwardNoise, inverseNoise } = await prepare(entry, precision);
    const x = entry.layer.inverse(params(), z(), inverseNoise());
    const again = entry.layer.forward(params(), x, forwardNoise());
    expectClose(await numbersOf(again.z), await numbersOf(z()), law, entry.condition);
    tree.dispose(again.contribution);
  });
});
