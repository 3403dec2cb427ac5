import { numpy as np } from "@jax-js/jax";
import type { ConditionalDensity, MixtureOfNormals } from "../densities/conditional.js";
import { gaussian } from "../densities/gaussian.js";
import { ShapeError, UnsupportedOpError } from "../errors.js";
import { rowsOf } from "../init/calibration-data.js";
import { examplesOfDirections } from "../init/principal.js";
import { type ArrayTree, defineLayer, type FlowLayer, withoutKey } from "../layer.js";
import { nth } from "../lists.js";
import { splitKey } from "../math/keys.js";
import { LOG_2PI, perExample, sumExamples } from "../math/numerics.js";
import { rowsWithCondition } from "../nn/with-condition.js";
import { mapTreeOfNoise, type NoiseTree } from "../noise.js";
import { lazy } from "../on-demand.js";
import * as o from "../options.js";
import { floats } from "../params/host.js";
import type { ParameterKinds } from "../params/parameter-paths.js";
import { countOf, expectSizes, type Shape, showShape, sizeOf } from "../shape.js";
import { type Conversion, defineKind } from "./kind.js";
import { initLinear } from "./linear-init.js";
import {
  checkWeights,
  compactSide,
  expectWeights,
  type LinearParams,
  pretrainedParams,
  weightRotations,
} from "./linear-weights.js";
import { type OrthogonalKind, orthogonal } from "./orthogonal.js";
import { denseRotation, reflectedIn, reflectedOut } from "./rotation.js";

const schemas = {
  /** m, the number of outputs. */
  out: o.size,
  /** Sizes of the hidden layers of the network that models the dropped coordinates. Default those of the density. */
  hidden: o.optional(o.listOf(o.size, 1)),
  /** Given weights, kept: the layer then computes x Wᵀ + b in deterministic mode. */
  weights: o.optional(o.weights),
};
export type LinearOptions = Omit<o.Options<typeof schemas>, "out"> &
  Partial<Pick<Conversion, "density" | "orthogonal" | "augmentation" | "condition">> & {
    /** Sizes of axes before the last, which the layer is applied along. Default none. */
    leading?: Shape;
    /**
     * Given weights with more inputs (or outputs) than this, and fewer outputs (inputs): the larger rotation is
     * kept as the reflections that the weights say something of, fixed. Default 1024.
     */
    compactAbove?: number;
  };

/** Options that no network has. */
const others = ["density", "orthogonal", "augmentation", "condition", "leading", "compactAbove"] as const;

/** Standard deviation of the augmentation noise, that of the uniform distribution on (−½, ½). */
const AUGMENTATION_STD = Math.sqrt(1 / 12);

/**
 * z = w R₂ + b, with y = x R₁ and
 *
 *     n = m:  w = eˢ ⊙ y            L = Σ s
 *     n > m:  w = eˢ ⊙ y_keep       L = Σ s + log q(y_drop | w)    (y_drop: the first n − m)
 *     n < m:  w = eˢ ⊙ (y, ε)       L = Σ s − log r(ε)
 *
 * Exact for n ≥ m; a bound for n < m. Applied along the last axis; L sums over the axes before it.
 * In deterministic mode it is the dense layer x ↦ x Wᵀ + b with Wᵀ = R₁ [0; diag(eˢ)] R₂ (n ≥ m).
 *
 * Errors: `ShapeError` where x or z does not fit. Float32: round trips to about 1e-5 relative for
 * condition numbers of eˢ up to 1e3. Source: Flowification, section 3.2; SurVAE Flows, table 1.
 *
 * @example
 * ```ts
 * import { linear, mixture } from "@flowify/core/layers";
 *
 * const reduces = linear(8, 3, { density: mixture });
 * const widens = linear(3, 8);
 * console.log(reduces.exact, Object.keys(reduces.inverseNoise));
 * console.log(widens.exact, Object.keys(widens.forwardNoise));
 * // true [ 'normal', 'choice' ]
 * // false [ 'augmentation' ]
 * ```
 */
export function linear(n: number, m: number, options: LinearOptions = {}): FlowLayer<LinearParams> {
  expectSizes("linear", { in: n, out: m });
  o.checked("linear", [n], { out: m, ...options }, schemas, ...others);
  const { leading = [], augmentation = "gaussian", weights, condition: conditions = 0 } = options;
  const kind: OrthogonalKind = weights ? "manifold" : (options.orthogonal ?? "manifold");
  const reducing = n > m;
  const d = Math.abs(n - m);
  const rows = sizeOf(leading);
  const inShape = [...leading, n];
  const outShape = [...leading, m];
  const compact = weights && compactSide(n, m, options.compactAbove);
  const [r1, r2] = [orthogonal(kind, n), orthogonal(kind, m)];
  const rotateIn = compact === "in" ? reflectedIn(n, m) : denseRotation(r1);
  const rotateOut = compact === "out" ? reflectedOut : denseRotation(r2);
  const { hidden } = options;
  const density: ConditionalDensity | undefined = reducing
    ? (options.density ?? gaussian)(d, m + conditions, hidden ? { hidden } : {})
    : undefined;
  if (weights) checkWeights(weights, n, m);
  const given = weights && lazy(() => weightRotations(weights, n, m, compact));
  const nothing = withoutKey((): ArrayTree => ({}));
  const parameterKinds: { [name: string]: ParameterKinds } = { dropped: density?.parameterKinds ?? {} };
  if (rotateIn.parameterKind) parameterKinds.rotateIn = rotateIn.parameterKind;
  if (rotateOut.parameterKind) parameterKinds.rotateOut = rotateOut.parameterKind;

  const fixed = { rotateIn: "fixed", rotateOut: "fixed", logScale: "fixed", bias: "fixed" } as const;
  /** s [m]; consumes its parts. */
  const scalesOf = ({ logScale, logNoise }: LinearParams): np.Array =>
    logNoise ? np.concatenate([logScale, logNoise]) : logScale;

  /** [B, …leading, n] -> [B · rows, n] */
  const toRows = (a: np.Array, width: number): np.Array => (leading.length ? a.reshape([-1, width]) : a);
  /** [B · rows] -> [B] */
  const toExamples = (a: np.Array, batch: number): np.Array =>
    leading.length ? sumExamples(a.reshape([batch, rows])) : a;
  /** Noises are declared per example with the leading axes in front; densities see rows. */
  const noiseRows = (noise: NoiseTree): NoiseTree =>
    leading.length === 0
      ? noise
      : mapTreeOfNoise(noise, (a: np.Array) => toRows(a, nth(a.shape, a.ndim - 1)));

  return defineLayer<LinearParams>({
    name: "linear",
    inShape,
    outShape,
    ...(density && conditions > 0 && { condition: [conditions] }),
    forwardNoise:
      n < m
        ? {
            augmentation: {
              shape: [...leading, d],
              distribution: augmentation === "uniform" ? "uniform" : "normal",
            },
          }
        : {},
    inverseNoise: density
      ? Object.fromEntries(
          Object.entries(density.noise).map(([name, noise]) => [
            name,
            { ...noise, shape: [...leading, ...noise.shape] },
          ]),
        )
      : {},
    parameterKinds,
    init(key) {
      const [k1, k2, k3] = splitKey(key, 3);
      if (given) for (const unused of [k1, k2]) unused.dispose();
      return {
        ...(given
          ? pretrainedParams(given())
          : { rotateIn: r1.init(k1), rotateOut: r2.init(k2), logScale: np.zeros([m]), bias: np.zeros([m]) }),
        dropped: density ? density.init(k3) : nothing(k3),
      };
    },
    forward(params, x, noise, condition) {
      const batch = countOf(x);
      const y = rotateIn.apply(params.rotateIn, toRows(x, n)); // [B · rows, n]
      const logScale = scalesOf(params);
      const scale = np.exp(logScale.ref);
      const volume = perExample(np.sum(logScale).mul(rows), batch);
      const finish = (w: np.Array, rest: np.Array | undefined): { z: np.Array; contribution: np.Array } => {
        const z = rotateOut.apply(params.rotateOut, w).add(params.bias);
        return {
          z: leading.length ? z.reshape([batch, ...outShape]) : z,
          contribution: rest ? volume.add(rest) : volume,
        };
      };
      if (density) {
        const drop = y.ref.slice([], [0, d]);
        const w = y.slice([], [d, n]).mul(scale);
        return finish(
          w.ref,
          toExamples(density.logProb(params.dropped, drop, rowsWithCondition(w, condition, rows)), batch),
        );
      }
      if (n === m) return finish(y.mul(scale), undefined);
      const raw = toRows((noise as { augmentation: np.Array }).augmentation, d);
      const epsilon = augmentation === "uniform" ? raw.ref.sub(0.5) : raw.ref.mul(AUGMENTATION_STD);
      // −log r(ε): 0 for the uniform distribution of density 1
      const minusLogR =
        augmentation === "uniform"
          ? raw.mul(0)
          : np
              .square(raw)
              .mul(0.5)
              .add(0.5 * LOG_2PI + Math.log(AUGMENTATION_STD));
      return finish(np.concatenate([y, epsilon], 1).mul(scale), toExamples(sumExamples(minusLogR), batch));
    },
    inverse(params, z, noise, condition) {
      const batch = countOf(z);
      const w = rotateOut.back(params.rotateOut, toRows(z, m).sub(params.bias)); // [B · rows, m]
      let y = w.ref.mul(np.exp(scalesOf(params).neg()));
      if (density)
        y = np.concatenate(
          [density.draw(params.dropped, rowsWithCondition(w, condition, rows), noiseRows(noise)), y],
          1,
        );
      else {
        w.dispose();
        if (n < m) y = y.slice([], [0, n]);
      }
      const x = rotateIn.back(params.rotateIn, y);
      return leading.length ? x.reshape([batch, ...inShape]) : x;
    },
    facts: {
      ...(n < m && augmentation === "uniform" && { partial: true }),
      ...(given || kind !== "manifold" ? {} : { initExamples: Math.ceil(examplesOfDirections(n) / rows) }),
      frozenParameterKinds: { ...fixed, dropped: density?.parameterKinds ?? {} },
      get flooredValues() {
        return given ? Math.min(n, m) - given().rank : 0;
      },
      steps(params) {
        if (compact || conditions > 0 || (density && !density.components))
          throw new UnsupportedOpError(
            "linear",
            "linear",
            `linear: ${compact ? "rotations kept as reflections" : conditions > 0 ? "a density with a condition" : `the density ${density?.name}`} cannot be coded without loss`,
          );
        const turnIn = { step: "turn", matrix: r1.matrix(params.rotateIn as np.Array) } as const;
        const scale = { step: "scale", factors: np.exp(scalesOf(params)) } as const;
        const after = [
          { step: "turn", matrix: r2.matrix(params.rotateOut as np.Array) },
          { step: "shift", by: params.bias },
        ] as const;
        const places = (width: number): number[] => Array.from({ length: rows * width }, (_, i) => i);
        if (!density) {
          if (n === m) return [turnIn, scale, ...after];
          const from = places(m).map((i) => (i % m < n ? Math.floor(i / m) * n + (i % m) : -1));
          const noise = augmentation === "uniform" ? augmentation : AUGMENTATION_STD;
          return [turnIn, { step: "append", from, noise }, scale, ...after];
        }
        const at = (kept: boolean): number[] => places(n).filter((i) => i % n >= d === kept);
        const network = {
          params: params.dropped,
          shape: [rows * m],
          run(own: ArrayTree, context: np.Array) {
            const q = density.components?.(own, context.reshape([-1, m])) as MixtureOfNormals;
            return [q.weights, q.means, q.stds];
          },
        };
        return [
          turnIn,
          { step: "drop", dropped: at(false), kept: at(true), after: [scale], density: network },
          ...after,
        ];
      },
    },
    initFromData: (key, examples) =>
      initLinear(
        {
          n,
          m,
          augmentationStd: AUGMENTATION_STD,
          rotateIn: r1,
          rotateOut: r2,
          rotate: rotateIn.apply,
          density,
          given: given?.(),
        },
        key,
        rowsOf(examples, (x) => toRows(x, n), n),
      ),
  });
}

export const linearKind = defineKind({
  kind: "linear",
  options: schemas,
  flow(inShape, { out, ...own }, { build, plain, residual, inverse, ...conversion }) {
    const n = inShape[inShape.length - 1];
    if (n === undefined) throw new ShapeError(`linear: needs an axis to act on, got ${showShape(inShape)}`);
    return linear(n, out, { ...own, ...conversion, leading: inShape.slice(0, -1) });
  },
  outShape: (inShape, { out }) => [...inShape.slice(0, -1), out],
  apply(x, { out, weights }) {
    const { weight, bias } = expectWeights("linear", weights);
    const matrix = floats(Float32Array.from(weight), [out, nth(x.shape, -1)]);
    const y = np.matmul(x, np.transpose(matrix));
    return bias ? y.add(floats(Float32Array.from(bias))) : y;
  },
});
