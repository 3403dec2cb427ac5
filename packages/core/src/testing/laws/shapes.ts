import { numpy as np, tree } from "@jax-js/jax";
import { LawError, ShapeError } from "../../errors.js";
import { showShape } from "../../shape.js";
import { arraysOf } from "../arrays.js";
import { prepare } from "../prepare.js";
import type { Law } from "../subject.js";

/** What comes out is of the declared shapes, and of the type of what goes in. */
export const shapes: Law = {
  name: "shapes",
  promise:
    "z is [B, …outShape], the contribution [B], x of the inverse [B, …inShape], in the type of the input",
  check: async (subject) => {
    const { layer, batch = 3 } = subject;
    for (const precision of ["float32", "float64"] as const) {
      const { params, x, z, forwardNoise, inverseNoise } = await prepare(subject, precision);
      const expectArray = (what: string, array: np.Array, shape: readonly number[]): void => {
        if (array.shape.join() !== shape.join() || array.dtype !== precision)
          throw new LawError(
            "shapes",
            `expected ${what} ${precision} ${showShape(shape, false)}, got ${array.dtype} ${showShape(array.shape, false)}`,
          );
      };
      const forward = layer.forward(params(), x(), forwardNoise());
      expectArray("z", forward.z, [batch, ...layer.outShape]);
      expectArray("the contribution", forward.contribution, [batch]);
      tree.dispose([forward.z, forward.contribution]);
      const inverse = layer.inverse(params(), z(), inverseNoise());
      expectArray("x of the inverse", inverse, [batch, ...layer.inShape]);
      inverse.dispose();
    }
    return [];
  },
};

/** Arrays of other shapes are refused before anything is consumed. */
export const refusal: Law = {
  name: "refusal",
  promise:
    "an array that does not fit is refused by a ShapeError that shows its shape, and nothing is consumed",
  check: async (subject) => {
    const { layer } = subject;
    const { params, forwardNoise, inverseNoise } = await prepare(subject, "float32");
    const expectRefused = (direction: "forward" | "inverse", shape: readonly number[]): void => {
      const shown = showShape(shape, false);
      const given = [
        params(),
        np.zeros([...shape]),
        direction === "forward" ? forwardNoise() : inverseNoise(),
      ] as const;
      let thrown: unknown;
      try {
        tree.dispose(layer[direction](...given) as never);
      } catch (error) {
        thrown = error;
      }
      const what = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : "a result";
      if (!(thrown instanceof ShapeError && thrown.message.includes(shown)))
        throw new LawError(
          "refusal",
          `${direction} gives ${what} for an array ${shown}; expected a ShapeError that shows ${shown}: make it by \`defineLayer\``,
          { cause: thrown },
        );
      const arrays = arraysOf(given);
      if (arrays.some(({ refCount }) => refCount !== 1))
        throw new LawError("refusal", `${direction} consumes arrays before it refuses one of them`);
      tree.dispose(arrays);
    };
    expectRefused("forward", [2, ...layer.inShape, 1]);
    expectRefused("forward", [2, ...layer.inShape.slice(0, -1), 99]);
    expectRefused("inverse", [2, ...layer.outShape.slice(0, -1), 99]);
    return [];
  },
};
