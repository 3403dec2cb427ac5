import { numpy as np } from "@jax-js/jax";
import { ShapeError } from "../errors.js";
import {
  type ArrayTree,
  defineLayer,
  expectShape,
  type FlowLayer,
  type ManifoldSpec,
  type Shape,
  sameShape,
  showShape,
} from "../layer.js";
import { splitKey } from "../math/keys.js";
import type { NoiseSpec, NoiseTree } from "../noise.js";

/** Layers on parts of an item: parameters and noises are arrays with one entry a part. */
export type SideBySideLayer = FlowLayer<ArrayTree[]> & Readonly<{ parts: readonly FlowLayer[] }>;

export type SideBySideOptions = {
  /** The axis of an item along which x is cut and z is joined. Default 0 (channels, features). */
  inAxis?: number;
  outAxis?: number;
};

/**
 * z = the outputs of layers on consecutive parts of x, joined: block by block; L is the sum of theirs.
 *
 * Exact where every part is. Errors: `ShapeError` where parts differ along another axis than the one
 * that they are cut or joined along.
 */
export function sideBySide(
  parts: readonly FlowLayer[],
  { inAxis = 0, outAxis = 0 }: SideBySideOptions = {},
): SideBySideLayer {
  const inShape = joined(
    parts.map((part) => part.inShape),
    inAxis,
    "in",
  );
  const outShape = joined(
    parts.map((part) => part.outShape),
    outAxis,
    "out",
  );
  /** An array cut into the parts' sizes along an axis of the item. */
  const cut = (a: np.Array, axis: number, shapes: readonly Shape[]): np.Array[] => {
    const ends: number[] = [];
    for (const shape of shapes.slice(0, -1))
      ends.push((ends[ends.length - 1] ?? 0) + (shape[axis] as number));
    return ends.length === 0 ? [a] : np.split(a, ends, 1 + axis);
  };
  const at = <T>(tree: unknown, i: number): T => (tree as T[])[i] as T;
  const layer = defineLayer<ArrayTree[]>({
    name: "sideBySide",
    inShape,
    outShape,
    exact: parts.every((part) => part.exact),
    forwardNoise: parts.map((part) => part.forwardNoise) as NoiseSpec,
    inverseNoise: parts.map((part) => part.inverseNoise) as NoiseSpec,
    manifolds: parts.map((part) => part.manifolds) as ManifoldSpec,
    whenFrozen: parts.map((part) => part.whenFrozen ?? "fixed"),
    init(key) {
      const keys = splitKey(key, parts.length);
      return parts.map((part, i) => part.init(at(keys, i)));
    },
    forward(params, x, noise) {
      expectShape("sideBySide", "x", x, inShape);
      const pieces = cut(
        x,
        inAxis,
        parts.map((part) => part.inShape),
      );
      const steps = parts.map((part, i) =>
        part.forward(at(params, i), at(pieces, i), at<NoiseTree>(noise, i)),
      );
      return {
        z: np.concatenate(
          steps.map((step) => step.z),
          1 + outAxis,
        ),
        contribution: steps.map((step) => step.contribution).reduce((a, b) => a.add(b)),
      };
    },
    inverse(params, z, noise) {
      expectShape("sideBySide", "z", z, outShape);
      const pieces = cut(
        z,
        outAxis,
        parts.map((part) => part.outShape),
      );
      return np.concatenate(
        parts.map((part, i) => part.inverse(at(params, i), at(pieces, i), at<NoiseTree>(noise, i))),
        1 + inAxis,
      );
    },
    async start(key, items) {
      const keys = splitKey(key, parts.length);
      const params: ArrayTree[] = [];
      let from = 0;
      for (const [i, part] of parts.entries()) {
        const to = from + (part.inShape[inAxis] as number);
        const range = inShape.map((_, axis) => (axis === inAxis ? [from, to] : [])) as [];
        const piece = items.map(part.inShape, (x) => x.slice([], ...range));
        params.push(part.start ? await part.start(at(keys, i), piece) : part.init(at(keys, i)));
        from = to;
      }
      return params;
    },
  });
  return Object.freeze({ ...layer, parts });
}

/** The parts' shapes with their sizes along one axis summed. */
function joined(shapes: readonly Shape[], axis: number, side: string): Shape {
  const first = shapes[0];
  if (!first) throw new ShapeError("sideBySide: needs a layer at least");
  if (!Number.isInteger(axis) || axis < 0 || axis >= first.length)
    throw new ShapeError(`sideBySide: there is no axis ${axis} in ${showShape(first)}`);
  const others = (shape: Shape): Shape => shape.toSpliced(axis, 1);
  for (const shape of shapes)
    if (shape.length !== first.length || !sameShape(others(shape), others(first)))
      throw new ShapeError(
        `sideBySide: parts have ${showShape(first)} and ${showShape(shape)} on the ${side} side, which do not join along axis ${axis}`,
      );
  return first.with(
    axis,
    shapes.reduce((sum, shape) => sum + (shape[axis] as number), 0),
  );
}
