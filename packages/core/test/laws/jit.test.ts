import { describe, expect, it } from "vitest";
import { catalog } from "../catalog.js";
import { arraysOf, at, call, compiled, gradient, readAll } from "../support/arrays.js";
import { expectClose } from "../support/compare.js";
import { meanLogLikelihood } from "../support/likelihood.js";
import { prepare } from "../support/prepare.js";

/** Float32 only: jax-js 0.1.25 compiles scalar constants wrongly in float64. */
describe("compiled = eager, and a second call gives the same numbers", () => {
  it.each(catalog)("$name", async (entry) => {
    const { params, x, z, forwardNoise, inverseNoise } = await prepare(entry, "float32");
    const { layer, condition = 1 } = entry;
    const forward = (): unknown[] => [params(), x(), forwardNoise()];
    const inverse = (): unknown[] => [params(), z(), inverseNoise()];
    const functions = [
      [layer.forward, forward],
      [layer.inverse, inverse],
      ...(arraysOf(params()).length > 0 ? [[gradient(meanLogLikelihood(layer)), forward] as const] : []),
    ] as const;
    for (const [f, args] of functions) {
      const eager = await readAll(call(f, args()));
      expect(await readAll(call(f, args()))).toEqual(eager);
      const fast = compiled(f);
      const first = await readAll(call(fast, args()));
      expect(await readAll(call(fast, args()))).toEqual(first);
      for (const [i, leaf] of first.entries()) expectClose(leaf, at(eager, i), "jit", condition);
      fast.dispose();
    }
  });
});
