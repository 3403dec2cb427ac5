import { numpy as np } from "@jax-js/jax";
import { type ArrayTree, defineLayer, type FlowLayer } from "../layer.js";
import { nth } from "../lists.js";
import { LOG_2PI, perExample, sumExamples } from "../math/numerics.js";
import type { NoiseTree } from "../noise.js";
import { floats } from "../params/host.js";
import { countOf, type Shape, sizeOf } from "../shape.js";
import { joinedShape } from "./parallel.js";

/** The noise of the branch that is carried on. */
type Drawn = { carried: NoiseTree };

/** A function of an example, x [B, …] ↦ [B, …outShape]; consumes x. */
export type AppendedFunction = Readonly<{ outShape: Shape; apply(x: np.Array): np.Array }>;

export type AppendOptions = {
  /** The axis of an example along which the results are joined. Default 0. */
  axis?: number;
  /** Which of the results is that of the layer. Default 0, the first. */
  place?: number;
};

/** Parameters of the layer, and log a of the noise, along the joined axis. */
export type AppendParams = { carried: ArrayTree; logA: np.Array };

/** The noise relative to the standard deviation of what it is added to. */
const NOISE_SCALE = 0.1;
/** Numbers of less variance count as constant. */
const LEAST = 1e-12;

/**
 * z = the result of a layer, and beside it those of functions of the same x, with noise: (u, f₂(x) + a ε, …), ε ~ N(0, 1);
 *
 *     L = that of the layer − Σ log N(a ε; 0, a²)
 *
 * A bound; normalized for any functions. The inverse forgets their results. In deterministic mode there is no noise.
 *
 * Errors: `ShapeError` where results do not join along the axis.
 *
 * @example
 * ```ts
 * import { append, reshape } from "@flowify/core/layers";
 *
 * const layer = append(reshape([4], [4]), [{ outShape: [4], apply: (x) => x.mul(2) }]);
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 4 ] [ 8 ] false
 * ```
 */
export function append(
  first: FlowLayer,
  functions: readonly AppendedFunction[],
  { axis = 0, place = 0 }: AppendOptions = {},
): FlowLayer<AppendParams> {
  const { inShape } = first;
  const others = joinedShape(
    "append",
    functions.map((f) => f.outShape),
    axis,
    "out",
  );
  const shapes = functions.map((f) => f.outShape).toSpliced(place, 0, first.outShape);
  const outShape = joinedShape("append", shapes, axis, "out");
  const ends = shapes.map((_, i) => shapes.slice(0, i + 1).reduce((sum, shape) => sum + nth(shape, axis), 0));
  const count = nth(others, axis);
  /** [count] -> […, count, …] */
  const alongAxis = (a: np.Array): np.Array => a.reshape(others.map((n, i) => (i === axis ? n : 1)));
  const results = (x: np.Array): np.Array[] => {
    const all = functions.map(({ apply }) => apply(x.ref));
    x.dispose();
    return all;
  };
  return Object.freeze({
    ...defineLayer<AppendParams>({
      name: "append",
      inShape,
      outShape,
      ...(first.condition && { condition: first.condition }),
      forwardNoise: {
        carried: first.forwardNoise,
        appended: { shape: others, distribution: "normal" },
      },
      exact: false,
      inverseNoise: { carried: first.inverseNoise },
      parameterKinds: { carried: first.parameterKinds },
      facts: {
        frozenParameterKinds: { carried: first.facts.frozenParameterKinds ?? "fixed" },
        droppedDims: first.facts.droppedDims ?? Math.max(sizeOf(inShape) - sizeOf(first.outShape), 0),
      },
      init(key) {
        return { carried: first.init(key), logA: np.full([count], Math.log(NOISE_SCALE)) };
      },
      forward({ carried, logA }, x, { appended, carried: own }: Drawn & { appended: np.Array }, given) {
        const scales = np.sum(logA.ref).mul(sizeOf(others) / count);
        const minusLogR = sumExamples(np.square(appended.ref))
          .mul(0.5)
          .add(perExample(scales.add(0.5 * LOG_2PI * sizeOf(others)), countOf(x)));
        const all = np.concatenate(results(x.ref), 1 + axis).add(appended.mul(alongAxis(np.exp(logA))));
        const { z, contribution } = first.forward(carried, x, own, given);
        const before = nth([0, ...ends], place);
        const pieces =
          place === 0
            ? [z, all]
            : before === count
              ? [all, z]
              : np.split(all, [before], 1 + axis).toSpliced(1, 0, z);
        return { z: np.concatenate(pieces, 1 + axis), contribution: contribution.add(minusLogR) };
      },
      inverse({ carried, logA }, z, { carried: own }: Drawn, given) {
        logA.dispose();
        const range = outShape.map((_, i) => (i === axis ? [ends[place - 1] ?? 0, ends[place]] : []));
        return first.inverse(carried, z.slice([], ...(range as [])), own, given);
      },
      async initFromData(key, examples) {
        const carried = first.initFromData ? await first.initFromData(key, examples) : first.init(key);
        const away = [0, ...others.map((_, i) => i + 1).filter((i) => i !== axis + 1)];
        const sums = await examples.sum((x) => {
          const all = np.concatenate(results(x), 1 + axis);
          return np.stack([np.sum(all.ref, away), np.sum(np.square(all), away)]);
        });
        const numbers = (examples.count * sizeOf(others)) / count;
        const logs = Float32Array.from({ length: count }, (_, i) => {
          const variance = nth(sums, count + i) / numbers - (nth(sums, i) / numbers) ** 2;
          return Math.log(NOISE_SCALE) + (variance > LEAST ? 0.5 * Math.log(variance) : 0);
        });
        return { carried, logA: floats(logs) };
      },
    }),
    parts: [first],
  });
}
