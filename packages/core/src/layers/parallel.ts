import { numpy as np } from "@jax-js/jax";
import { ShapeError } from "../errors.js";
import { type ArrayTree, defineLayer, type FlowLayer } from "../layer.js";
import { nth } from "../lists.js";
import { splitKey } from "../math/keys.js";
import type { NoiseSpec, NoiseTree } from "../noise.js";
import type { ParameterKinds } from "../params/parameter-paths.js";
import { type Shape, sameShape, showShape } from "../shape.js";

/** Layers on parts of an example: parameters and noises are arrays with one entry a part. */
export type ParallelLayer = FlowLayer<ArrayTree[]> & Readonly<{ parts: readonly FlowLayer[] }>;

export type ParallelOptions = {
  /** The axis of an example along which x is cut. Default 0 (channels, features). */
  inAxis?: number;
  /** The axis along which z is joined. Default 0. */
  outAxis?: number;
};

/**
 * z = the outputs of layers on consecutive parts of x, joined: block by block; L is the sum of theirs.
 *
 * Exact where every part is. Errors: `ShapeError` where parts differ along another axis than the one
 * that they are cut or joined along.
 *
 * @example
 * ```ts
 * import { leakyRelu, linear, parallel } from "@flowify/core/layers";
 *
 * const layer = parallel([linear(3, 2), leakyRelu([4])]);
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 7 ] [ 6 ] true
 * ```
 */
export function parallel(
  parts: readonly FlowLayer[],
  { inAxis = 0, outAxis = 0 }: ParallelOptions = {},
): ParallelLayer {
  const [inShapes, outShapes] = [parts.map((part) => part.inShape), parts.map((part) => part.outShape)];
  const inShape = joinedShape("parallel", inShapes, inAxis, "in");
  const outShape = joinedShape("parallel", outShapes, outAxis, "out");
  /** An array cut into the parts' sizes along an axis of the example. */
  const cut = (a: np.Array, axis: number, shapes: readonly Shape[]): np.Array[] => {
    const ends: number[] = [];
    for (const shape of shapes.slice(0, -1)) ends.push((ends[ends.length - 1] ?? 0) + nth(shape, axis));
    return ends.length === 0 ? [a] : np.split(a, ends, 1 + axis);
  };
  const at = <T>(tree: unknown, i: number): T => (tree as T[])[i] as T;
  const condition = parts.find((part) => part.condition)?.condition;
  /** What each part is called with. Consumes all. */
  const callsOf = (
    params: ArrayTree[],
    pieces: np.Array[],
    noise: NoiseTree,
    given: np.Array | undefined,
  ) => {
    const calls = parts.map(
      (part, i) =>
        [
          at<ArrayTree>(params, i),
          nth(pieces, i),
          at<NoiseTree>(noise, i),
          part.condition && given?.ref,
        ] as const,
    );
    given?.dispose();
    return calls;
  };
  const layer = defineLayer<ArrayTree[]>({
    name: "parallel",
    inShape,
    outShape,
    exact: parts.every((part) => part.exact),
    ...(condition && { condition }),
    forwardNoise: parts.map((part) => part.forwardNoise) as NoiseSpec,
    inverseNoise: parts.map((part) => part.inverseNoise) as NoiseSpec,
    parameterKinds: parts.map((part) => part.parameterKinds) as ParameterKinds,
    facts: { frozenParameterKinds: parts.map((part) => part.facts.frozenParameterKinds ?? "fixed") },
    init(key) {
      const keys = splitKey(key, parts.length);
      return parts.map((part, i) => part.init(nth(keys, i)));
    },
    forward(params, x, noise, given) {
      const calls = callsOf(params, cut(x, inAxis, inShapes), noise, given);
      const steps = parts.map((part, i) => part.forward(...nth(calls, i)));
      const all = steps.map(({ z }) => z);
      return {
        z: np.concatenate(all, 1 + outAxis),
        contribution: steps.map((step) => step.contribution).reduce((a, b) => a.add(b)),
      };
    },
    inverse(params, z, noise, given) {
      const calls = callsOf(params, cut(z, outAxis, outShapes), noise, given);
      const all = parts.map((part, i) => part.inverse(...nth(calls, i)));
      return np.concatenate(all, 1 + inAxis);
    },
    async initFromData(key, examples) {
      const keys = splitKey(key, parts.length);
      const params: ArrayTree[] = [];
      let from = 0;
      for (const [i, part] of parts.entries()) {
        const to = from + nth(part.inShape, inAxis);
        const range = inShape.map((_, axis) => (axis === inAxis ? [from, to] : [])) as [];
        const piece = examples.map(part.inShape, (x) => x.slice([], ...range));
        params.push(
          part.initFromData ? await part.initFromData(nth(keys, i), piece) : part.init(nth(keys, i)),
        );
        from = to;
      }
      return params;
    },
  });
  return Object.freeze({ ...layer, parts });
}

/** The parts' shapes with their sizes along one axis summed. */
export function joinedShape(layer: string, shapes: readonly Shape[], axis: number, side: string): Shape {
  const first = shapes[0];
  if (!first) throw new ShapeError(`${layer}: needs a layer at least`);
  if (!Number.isInteger(axis) || axis < 0 || axis >= first.length)
    throw new ShapeError(`${layer}: there is no axis ${axis} in ${showShape(first)}`);
  const others = (shape: Shape): Shape => shape.toSpliced(axis, 1);
  for (const shape of shapes)
    if (shape.length !== first.length || !sameShape(others(shape), others(first)))
      throw new ShapeError(
        `${layer}: parts have ${showShape(first)} and ${showShape(shape)} on the ${side} side, which do not join along axis ${axis}`,
      );
  return first.with(
    axis,
    shapes.reduce((sum, shape) => sum + nth(shape, axis), 0),
  );
}
