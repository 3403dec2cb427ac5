import { numpy as np } from "@jax-js/jax";
import { nth } from "../lists.js";
import { countOf } from "../shape.js";

/** Windows along one axis: `count` of them, `size` entries each, `dilation` apart, a new one every `stride`. */
export type AxisWindows = Readonly<{ count: number; size: number; stride: number; dilation: number }>;

/** Windows of images [B, C, H, W]: one record for rows, one for columns. */
export type Windows = readonly [rows: AxisWindows, columns: AxisWindows];

/** As many windows as fit on an axis. */
export const windowsAlong = (
  length: number,
  size: number,
  stride: number,
  dilation: number,
): AxisWindows => ({
  count: Math.floor((length - (size - 1) * dilation - 1) / stride) + 1,
  size,
  stride,
  dilation,
});

/** Height and width: one number stands for both. */
export type Pair = number | readonly [height: number, width: number];

export const pair = (v: Pair): readonly [height: number, width: number] =>
  typeof v === "number" ? [v, v] : v;

/** Number of entries of the axis that the windows cover. */
export const windowReach = ({ count, size, stride, dilation }: AxisWindows): number =>
  (count - 1) * stride + (size - 1) * dilation + 1;

/** Position of entry i of the windows: its stride phase, and the number of whole strides. */
const place = (i: number, { stride, dilation }: AxisWindows): { phase: number; step: number } => ({
  phase: (i * dilation) % stride,
  step: Math.floor((i * dilation) / stride),
});

const stepsOf = (w: AxisWindows, length: number): number =>
  Math.max(Math.ceil(length / w.stride), w.count + place(w.size - 1, w).step);

/** Each entry of the axis lies in exactly one window, in order: a reshape suffices. */
const isPlain = (w: AxisWindows, length: number): boolean =>
  w.dilation === 1 && w.stride === w.size && length === w.count * w.size;

const splitAxis = (shape: readonly number[], axis: number, ...sizes: number[]): number[] => [
  ...shape.slice(0, axis),
  ...sizes,
  ...shape.slice(axis + 1),
];

const slices = (ndim: number, at: { readonly [axis: number]: [number, number] | number }) =>
  Array.from({ length: ndim }, (_, axis) => at[axis] ?? []) as [];

const widths = (ndim: number, axis: number, before: number, after: number): [number, number][] =>
  Array.from({ length: ndim }, (_, i) => (i === axis ? [before, after] : [0, 0]));

/** The axis becomes two, [count, size]; an entry is copied into every window that it lies in. */
function windowAxis(x: np.Array, axis: number, w: AxisWindows): np.Array {
  const length = nth(x.shape, axis);
  if (isPlain(w, length)) return x.reshape(splitAxis(x.shape, axis, w.count, w.size));
  const steps = stepsOf(w, length);
  const filled =
    steps * w.stride === length ? x : np.pad(x, widths(x.ndim, axis, 0, steps * w.stride - length));
  const phases = filled.reshape(splitAxis(x.shape, axis, steps, w.stride));
  const parts = Array.from({ length: w.size }, (_, i) => {
    const { phase, step } = place(i, w);
    return phases.ref.slice(
      ...slices(phases.ndim, { [axis]: [step, step + w.count], [axis + 1]: [phase, phase + 1] }),
    );
  });
  phases.dispose();
  return np.concatenate(parts, axis + 1);
}

/** The transpose of `windowAxis`: every entry is the sum of its copies. */
function sumAxis(y: np.Array, axis: number, w: AxisWindows, length: number): np.Array {
  if (isPlain(w, length)) return y.reshape([...y.shape.slice(0, axis), length, ...y.shape.slice(axis + 2)]);
  const steps = stepsOf(w, length);
  const phases: (np.Array | undefined)[] = new Array(w.stride).fill(undefined);
  for (let i = 0; i < w.size; i++) {
    const { phase, step } = place(i, w);
    const part = y.ref.slice(...slices(y.ndim, { [axis + 1]: [i, i + 1] })); // [.., count, 1, ..]
    const placed = np.pad(part, widths(y.ndim, axis, step, steps - step - w.count));
    const sum = phases[phase];
    phases[phase] = sum ? sum.add(placed) : placed;
  }
  const empty = [...y.shape.slice(0, axis), steps, 1, ...y.shape.slice(axis + 2)];
  const all = phases.map((p) => p ?? np.zeros(empty, { dtype: y.dtype }));
  y.dispose();
  const merged = np.concatenate(all, axis + 1); // [.., steps, stride, ..]
  const flat = merged.reshape([...empty.slice(0, axis), steps * w.stride, ...empty.slice(axis + 2)]);
  return flat.slice(...slices(flat.ndim, { [axis]: [0, length] }));
}

/** [B, C, H, W] -> [B, rows, columns, C·kh·kw]: patches ordered channel, kernel row, kernel column. */
export function unfold(x: np.Array, [rows, columns]: Windows): np.Array {
  const [batch = 0, channels = 0] = x.shape;
  const tiles = windowAxis(windowAxis(x, 3, columns), 2, rows); // [B, C, oh, kh, ow, kw]
  return np
    .transpose(tiles, [0, 2, 4, 1, 3, 5])
    .reshape([batch, rows.count, columns.count, channels * rows.size * columns.size]);
}

/** The transpose of `unfold`: [B, rows, columns, C·kh·kw] -> [B, C, H, W], sums over copies. */
export function fold(
  y: np.Array,
  [rows, columns]: Windows,
  [height, width]: readonly [number, number],
): np.Array {
  const batch = countOf(y);
  const channels = nth(y.shape, 3) / (rows.size * columns.size);
  const tiles = np.transpose(
    y.reshape([batch, rows.count, columns.count, channels, rows.size, columns.size]),
    [0, 3, 1, 4, 2, 5],
  );
  return sumAxis(sumAxis(tiles, 2, rows, height), 3, columns, width);
}

/** Number of windows that contain each of `length` entries. */
export function multiplicity(w: AxisWindows, length: number): number[] {
  const counts = new Array<number>(length).fill(0);
  for (let window = 0; window < w.count; window++)
    for (let i = 0; i < w.size; i++) counts[window * w.stride + i * w.dilation]! += 1;
  return counts;
}
