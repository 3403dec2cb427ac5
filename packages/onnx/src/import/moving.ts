import { sizeOf } from "@flowify/core/layer";
import { intAttribute, intsAttribute } from "./attributes.js";
import type { Element, Entries } from "./elements.js";
import type { OnnxNode } from "./graph.js";
import { axesOf, broadcast, broadcastStrides, fail, stridesOf, walk, wholeNumbers } from "./shapes.js";
import { type Constant, put, type Tensor } from "./tensor.js";

/** Computes an output of a node with constant inputs, the first by default. */
export type Fold = (
  node: OnnxNode,
  inputs: readonly (Constant | undefined)[],
  opset: number,
  output?: number,
) => Constant;

/** Most entries of a computed constant. */
const MOST_ENTRIES = 2 ** 26;

/** Input i, which the operator requires. */
export function needed(node: OnnxNode, inputs: readonly (Constant | undefined)[], i: number): Constant {
  return inputs[i] ?? fail(node, `its input ${i} is missing`);
}

/** Allocates a constant. */
export function empty(node: OnnxNode, element: Element, shape: readonly number[]): Entries {
  const count = sizeOf(shape);
  if (count > MOST_ENTRIES) fail(node, `would make a constant of ${count} numbers`);
  return element.room(count);
}

/** The entries of `source` in the order of `shape` and `strides`. */
function gathered(
  node: OnnxNode,
  source: Constant,
  shape: readonly number[],
  strides: number[],
  from = 0,
): Constant {
  const data = empty(node, source.element, shape);
  walk(shape, [strides], (i, [at]) => {
    put(data, i, source.data[at! + from]!);
  });
  return { ...source, shape, data };
}

/** Entries of an axis that a Slice takes: `count` of them from `first` on. */
export type SliceRange = Readonly<{ axis: number; first: number; step: number; count: number }>;

/** The ranges of a Slice; `option` reads its inputs, which were attributes until opset 9. */
export function sliceRanges(
  node: OnnxNode,
  sizes: readonly number[],
  option: (i: number) => Tensor | Constant | undefined,
): SliceRange[] {
  const numbers = (i: number, name: string): readonly number[] | undefined => {
    const input = option(i);
    return input ? wholeNumbers(node, input) : intsAttribute(node, name);
  };
  const starts = numbers(1, "starts") ?? fail(node, "has no starts");
  const ends = numbers(2, "ends") ?? fail(node, "has no ends");
  const axes = axesOf(node, numbers(3, "axes") ?? starts.map((_, i) => i), sizes.length);
  const steps = numbers(4, "steps") ?? starts.map(() => 1);
  return axes.map((axis, i) => {
    const [size, step] = [sizes[axis]!, steps[i] ?? 1];
    const [start, end] = [starts[i]!, ends[i] ?? fail(node, "has fewer ends than starts")];
    if (step === 0) fail(node, "has a step of 0");
    const clamp = (v: number, low: number, high: number) =>
      Math.min(Math.max(v < 0 ? v + size : v, low), high);
    const [first, last] =
      step > 0
        ? [clamp(start, 0, size), clamp(end, 0, size)]
        : [clamp(start, 0, size - 1), clamp(end, -1, size - 1)];
    return { axis, first, step, count: Math.max(0, Math.ceil((last - first) / step)) };
  });
}

const slice: Fold = (node, inputs) => {
  const x = needed(node, inputs, 0);
  const shape = [...x.shape];
  const strides = stridesOf(x.shape);
  let from = 0;
  for (const { axis, first, step, count } of sliceRanges(node, x.shape, (i) => inputs[i])) {
    shape[axis] = count;
    from += first * strides[axis]!;
    strides[axis]! *= step;
  }
  return gathered(node, x, shape, strides, from);
};

const transpose: Fold = (node, inputs) => {
  const x = needed(node, inputs, 0);
  const order = intsAttribute(node, "perm") ?? x.shape.map((_, i) => x.shape.length - 1 - i);
  if ([...order].sort((a, b) => a - b).join() !== x.shape.map((_, i) => i).join())
    fail(node, `[${order.join(", ")}] is not a permutation of ${x.shape.length} axes`);
  const strides = stridesOf(x.shape);
  return gathered(
    node,
    x,
    order.map((axis) => x.shape[axis]!),
    order.map((axis) => strides[axis]!),
  );
};

const gather: Fold = (node, inputs) => {
  const [x, indices] = [needed(node, inputs, 0), needed(node, inputs, 1)];
  const [axis = 0] = axesOf(node, [intAttribute(node, "axis") ?? 0], x.shape.length);
  const size = x.shape[axis]!;
  const wanted = wholeNumbers(node, indices).map((i) => (i < 0 ? i + size : i));
  if (wanted.some((i) => i < 0 || i >= size)) fail(node, `has an index outside of 0..${size - 1}`);
  const [before, after] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
  const shape = [...before, ...indices.shape, ...after];
  const data = empty(node, x.element, shape);
  const block = sizeOf(after);
  for (let b = 0, to = 0; b < sizeOf(before); b++)
    for (const i of wanted)
      for (let k = 0; k < block; k++) put(data, to++, x.data[(b * size + i) * block + k]!);
  return { ...x, shape, data };
};

const concat: Fold = (node, inputs, opset) => {
  const parts = inputs.map((_, i) => needed(node, inputs, i));
  const first = parts[0] ?? fail(node, "has no inputs");
  const [axis = 0] = axesOf(node, [intAttribute(node, "axis") ?? (opset < 4 ? 1 : 0)], first.shape.length);
  const rest = (t: Constant): string => t.shape.filter((_, i) => i !== axis).join();
  if (parts.some((t) => t.shape.length !== first.shape.length || rest(t) !== rest(first)))
    fail(
      node,
      `cannot join ${parts.map(({ shape }) => `[${shape.join(", ")}]`).join(", ")} along axis ${axis}`,
    );
  const shape = first.shape.map((n, i) =>
    i === axis ? parts.reduce((sum, t) => sum + t.shape[axis]!, 0) : n,
  );
  const data = empty(node, first.element, shape);
  const rows = sizeOf(shape.slice(0, axis));
  let to = 0;
  for (let row = 0; row < rows; row++)
    for (const part of parts) {
      const length = part.data.length / rows;
      for (let i = row * length; i < (row + 1) * length; i++)
        put(data, to++, first.element.hold(part.data[i]!));
    }
  return { ...first, shape, data };
};

/** Sizes of the parts of an axis: given, or as equal as possible. */
export function splitSizes(
  node: OnnxNode,
  size: number,
  given: Tensor | Constant | undefined,
): readonly number[] {
  const count = intAttribute(node, "num_outputs") ?? node.outputs.length;
  const chunk = Math.ceil(size / count);
  const sizes = given
    ? wholeNumbers(node, given)
    : (intsAttribute(node, "split") ??
      Array.from({ length: count }, (_, i) => Math.min(chunk, size - i * chunk)));
  if (sizes.reduce((sum, n) => sum + n, 0) !== size || sizes.some((n) => n < 1))
    fail(node, `splits ${size} entries into [${sizes.join(", ")}]`);
  return sizes;
}

const split: Fold = (node, inputs, _opset, output = 0) => {
  const x = needed(node, inputs, 0);
  const [axis = 0] = axesOf(node, [intAttribute(node, "axis") ?? 0], x.shape.length);
  const sizes = splitSizes(node, x.shape[axis]!, inputs[1]);
  const first = sizes.slice(0, output).reduce((sum, n) => sum + n, 0);
  const strides = stridesOf(x.shape);
  return gathered(node, x, x.shape.with(axis, sizes[output]!), strides, first * strides[axis]!);
};

const expand: Fold = (node, inputs) => {
  const [x, wanted] = [needed(node, inputs, 0), wholeNumbers(node, needed(node, inputs, 1))];
  const shape = broadcast(node, x.shape, wanted);
  return gathered(node, x, shape, broadcastStrides(x.shape, shape));
};

/** Operators that move entries of constants. */
export const movingFolds: { readonly [op: string]: Fold } = {
  Slice: slice,
  Transpose: transpose,
  Gather: gather,
  Concat: concat,
  Split: split,
  Expand: expand,
};
