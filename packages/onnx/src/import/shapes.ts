import { ShapeError } from "@flowify/core";
import { sizeOf } from "@flowify/core/layer";
import { flagAttribute, intAttribute } from "./attributes.js";
import { nodeLabel, type OnnxNode } from "./graph.js";
import { type Constant, integers, type Tensor } from "./tensor.js";

/** @throws ShapeError that names the node */
export const fail = (node: OnnxNode, why: string): never => {
  throw new ShapeError(`${nodeLabel(node)}: ${why}`);
};

/** Whole numbers, as indices or sizes. Beyond 2⁵³ they are ends, as the least and largest int64 of a Slice. */
export function wholeNumbers(node: OnnxNode, tensor: Tensor | Constant): number[] {
  const most = Number.MAX_SAFE_INTEGER;
  const kind = "element" in tensor ? tensor.element.kind : tensor.type;
  const values = Array.from<number | bigint, number>(tensor.data, (value) =>
    kind === "float" ? Number(value) : Math.min(Math.max(Number(value), -most), most),
  );
  if (kind === "float" || !values.every(Number.isSafeInteger))
    fail(node, `needs integers, got ${kind} [${values.slice(0, 4).join(", ")}]`);
  return values;
}

/** Axes; negative ones count from the end. */
export function axesOf(node: OnnxNode, axes: readonly number[], rank: number): number[] {
  return axes.map((axis) => {
    const at = axis < 0 ? axis + rank : axis;
    return Number.isInteger(at) && at >= 0 && at < rank ? at : fail(node, `has no axis ${axis} of ${rank}`);
  });
}

/** Target sizes of a Reshape: 0 keeps a size, and −1 is inferred. */
export function reshapeTarget(node: OnnxNode, from: readonly number[], wanted: readonly number[]): number[] {
  const keepsZero = flagAttribute(node, "allowzero") === true;
  const target = wanted.map((n, i) => (n === 0 && !keepsZero ? (from[i] ?? 0) : n));
  const rest = sizeOf(target.filter((n) => n !== -1));
  const sizes = target.map((n) => (n === -1 ? sizeOf(from) / rest : n));
  if (
    target.filter((n) => n === -1).length > 1 ||
    sizes.some((n) => !Number.isInteger(n) || n < 0) ||
    sizeOf(sizes) !== sizeOf(from)
  )
    fail(node, `cannot reshape [${from.join(", ")}] to [${wanted.join(", ")}]`);
  return sizes;
}

export function squeezed(node: OnnxNode, shape: readonly number[], axes?: readonly number[]): number[] {
  const gone = axes ? axesOf(node, axes, shape.length) : shape.flatMap((n, i) => (n === 1 ? [i] : []));
  if (gone.some((axis) => shape[axis] !== 1))
    fail(node, `axes ${gone.join(", ")} of [${shape.join(", ")}] are not all 1`);
  return shape.filter((_, i) => !gone.includes(i));
}

export function unsqueezed(node: OnnxNode, shape: readonly number[], axes: readonly number[]): number[] {
  const rank = shape.length + axes.length;
  const added = axesOf(node, axes, rank);
  if (new Set(added).size < added.length) fail(node, `adds an axis twice, [${axes.join(", ")}]`);
  const sizes = [...shape];
  return Array.from({ length: rank }, (_, i) => (added.includes(i) ? 1 : sizes.shift()!));
}

/** Broadcast sizes of two arrays, by the rules of NumPy. */
export function broadcast(node: OnnxNode, a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [x, y] = [a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1];
    if (x !== y && x !== 1 && y !== 1) fail(node, `[${a.join(", ")}] and [${b.join(", ")}] do not fit`);
    return x === 1 ? y : x;
  });
}

/** Strides of an array of this shape, broadcast to `full`. */
export function broadcastStrides(shape: readonly number[], full: readonly number[]): number[] {
  const offset = full.length - shape.length;
  let step = 1;
  const own = new Array<number>(shape.length);
  for (let i = shape.length - 1; i >= 0; i--) {
    own[i] = shape[i] === 1 ? 0 : step;
    step *= shape[i]!;
  }
  return full.map((_, i) => (i < offset ? 0 : own[i - offset]!));
}

/** Visits every entry of `shape` in order, with its offset in each array with these strides. */
export function walk(
  shape: readonly number[],
  strides: readonly (readonly number[])[],
  visit: (i: number, at: readonly number[]) => void,
): void {
  const count = sizeOf(shape);
  const index = new Array<number>(shape.length).fill(0);
  const at = strides.map(() => 0);
  for (let i = 0; i < count; i++) {
    visit(i, at);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      strides.forEach((own, k) => {
        at[k]! += own[axis]!;
      });
      if (index[axis]! < shape[axis]!) break;
      strides.forEach((own, k) => {
        at[k]! -= own[axis]! * shape[axis]!;
      });
      index[axis] = 0;
    }
  }
}

/** Row-major strides. */
export const stridesOf = (shape: readonly number[]): number[] => {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i]!;
  }
  return strides;
};

/** The old broadcasting of opsets 1 to 6: the second operand's axes stand at `axis` of the first's. */
export function atOldAxis(
  node: OnnxNode,
  opset: number,
  a: readonly number[],
  b: readonly number[],
): number[] {
  const given = opset < 7 ? intAttribute(node, "axis") : undefined;
  if (given === undefined || b.length === 0) return [...b];
  const axis = given < 0 ? given + a.length : given;
  if (axis < 0 || axis + b.length > a.length)
    fail(node, `[${b.join(", ")}] does not fit at axis ${given} of [${a.join(", ")}]`);
  return [...b, ...new Array<number>(a.length - axis - b.length).fill(1)];
}

/** [product of the axes before `axis`, product of the others]. */
export function flattened(node: OnnxNode, shape: readonly number[]): number[] {
  const wanted = intAttribute(node, "axis") ?? 1;
  const axis = wanted < 0 ? wanted + shape.length : wanted;
  if (axis < 0 || axis > shape.length) fail(node, `has no axis ${wanted} of ${shape.length}`);
  return [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))];
}

/** The result of the operator Shape: known sizes of data are constants. */
export function shapeOf(node: OnnxNode, shape: readonly number[]): Constant {
  const at = (v: number) => Math.min(Math.max(v < 0 ? v + shape.length : v, 0), shape.length);
  const start = at(intAttribute(node, "start") ?? 0);
  return integers(shape.slice(start, at(intAttribute(node, "end") ?? shape.length)));
}
