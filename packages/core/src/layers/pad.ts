import { numpy as np } from "@jax-js/jax";
import { ShapeError } from "../errors.js";
import { defineLayer, type FlowLayer, withoutKey } from "../layer.js";
import { LOG_2PI, perExample, sumExamples } from "../math/numerics.js";
import type { NoiseDeclaration } from "../noise.js";
import * as o from "../options.js";
import { countOf, type Shape, showShape, sizeOf } from "../shape.js";
import { defineKind } from "./kind.js";

/** log a, the scale of the new values. */
export type PadParams = { logA: np.Array };

/** Rows and columns to add on each side. */
export type PadAmounts = o.Options<typeof o.sides>;

/** Amounts of all four sides, from one number for them or from some of them. */
export function allSides(padding: number | PadAmounts): Required<PadAmounts> {
  const given: PadAmounts =
    typeof padding === "number" ? { top: padding, bottom: padding, left: padding, right: padding } : padding;
  return { top: 0, bottom: 0, left: 0, right: 0, ...given };
}

export type PadOptions = {
  /** Start value of log a. Default log 0.1; the paper's code draws it from N(0, 1). */
  logA?: number;
  /** The data-dependent start replaces it by the log of the root mean square of x. Default false. */
  scaleFromData?: boolean;
};

/** Mean square below which x says nothing of a scale. */
const LEAST_SQUARE = 1e-12;

/**
 * z = x with rows and columns of new values a·ε around it, ε ~ N(0, 1);
 * L = −Σ log N(value; 0, a²) = Σ (½ log 2π + log a + ε²/2) over the new values.
 *
 * A bound (exact where nothing is added); inverse: crop. Deterministic mode is zero padding.
 * Errors: `DomainError` for amounts that are negative or not whole; `ShapeError` for examples that are not [C, H, W].
 * Source: Flowification, section 3.3.
 *
 * @example
 * ```ts
 * import { pad } from "@flowify/core/layers";
 *
 * const layer = pad([3, 7, 7], { bottom: 1, right: 1 });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 3, 7, 7 ] [ 3, 8, 8 ] false
 * ```
 */
export function pad(
  inShape: Shape,
  amounts: PadAmounts = {},
  { logA = Math.log(0.1), scaleFromData = false }: PadOptions = {},
): FlowLayer<PadParams> {
  const { top = 0, bottom = 0, left = 0, right = 0 } = o.checked("pad", inShape, amounts, o.sides);
  if (inShape.length !== 3) throw new ShapeError(`pad: needs images [C, H, W], got ${showShape(inShape)}`);
  const [channels = 0, height = 0, width = 0] = inShape;
  const tall = height + top + bottom;
  const outShape = [channels, tall, width + left + right];
  // rows first, then columns over the whole new height, as the reference draws them
  const noise: { [side: string]: NoiseDeclaration } = {};
  const declare = (side: string, n: number, shape: Shape): void => {
    if (n > 0) noise[side] = { shape, distribution: "normal" };
  };
  declare("top", top, [channels, top, width]);
  declare("rows", bottom, [channels, bottom, width]);
  declare("left", left, [channels, tall, left]);
  declare("cols", right, [channels, tall, right]);
  const added = channels * (tall * (width + left + right) - height * width);
  return defineLayer<PadParams>({
    name: "pad",
    inShape,
    outShape,
    forwardNoise: noise,
    facts: { frozenParameterKinds: {} },
    init: withoutKey(() => ({ logA: np.full([], logA) })),
    ...(scaleFromData &&
      added > 0 && {
        async initFromData(key, examples) {
          key.dispose();
          const [squares = 0] = await examples.sum((x) => np.sum(np.square(x)).reshape([1]));
          const square = squares / (examples.count * sizeOf(inShape));
          return { logA: np.full([], square > LEAST_SQUARE ? 0.5 * Math.log(square) : logA) };
        },
      }),
    forward(params, x, epsilons: { [side: string]: np.Array }) {
      const batch = countOf(x);
      let contribution = perExample(params.logA.ref.add(0.5 * LOG_2PI).mul(added), batch);
      const a = np.exp(params.logA);
      const value = (side: string): np.Array[] => {
        const epsilon = epsilons[side];
        if (!epsilon) return [];
        contribution = contribution.add(sumExamples(np.square(epsilon.ref)).mul(0.5));
        return [epsilon.mul(a.ref)];
      };
      const [above, below] = [value("top"), value("rows")];
      const rows = above.length + below.length ? np.concatenate([...above, x, ...below], 2) : x;
      const [before, after] = [value("left"), value("cols")];
      const z = before.length + after.length ? np.concatenate([...before, rows, ...after], 3) : rows;
      a.dispose();
      return { z, contribution };
    },
    inverse(params, z) {
      params.logA.dispose();
      return z.slice([], [], [top, top + height], [left, left + width]);
    },
  });
}

/**
 * What the reference adds below and to the right, so that windows of `kernel` every `stride` fit: (s − ((n−k) mod s)) mod s.
 *
 * @example
 * ```ts
 * import { fitAmount } from "@flowify/core/layers";
 *
 * console.log(fitAmount(28, 3, 2)); // windows of 3, a new one every 2: one row is missing
 * // 1
 * ```
 */
export const fitAmount = (n: number, kernel: number, stride: number): number => {
  const over = (((n - kernel) % stride) + stride) % stride;
  return (stride - over) % stride;
};

/** x [B, C, H, W] with `value` on the four sides; jax-js pads with zeros only. Consumes x. */
export function padded(x: np.Array, pads: readonly [number, number][], value = 0): np.Array {
  if (pads.every(([a, b]) => a === 0 && b === 0)) return x;
  const widths: [number, number][] = [[0, 0], [0, 0], ...pads];
  const [, , height = 0, width = 0] = x.shape;
  const wide = np.pad(x, widths);
  if (value === 0) return wide;
  const inside = np.pad(np.ones([1, 1, height, width]), widths);
  return np.where(np.greater(inside, 0), wide, value);
}

export const padKind = defineKind({
  kind: "pad",
  options: o.sides,
  flow: (inShape, amounts) => pad(inShape, amounts),
  outShape([channels = 0, height = 0, width = 0], amounts) {
    const { top, bottom, left, right } = allSides(amounts);
    return [channels, height + top + bottom, width + left + right];
  },
  apply(x, amounts) {
    const { top, bottom, left, right } = allSides(amounts);
    return padded(x, [
      [top, bottom],
      [left, right],
    ]);
  },
});
