import type { Context } from "../context.js";
import { type Lazy, padRank, shapeOf } from "../lazy.js";
import type { AxisTaps } from "./axis-taps.js";
import { contract } from "./dot.js";
import { termsOf } from "./sums.js";

/** A convolution as recorded by its rule. */
type Convolution = Readonly<{ x: Lazy; kernel: Lazy; axes: readonly AxisTaps[] }>;

const convolutions = new WeakMap<Lazy, Convolution>();

export const rememberConvolution = (result: Lazy, made: Convolution): unknown =>
  convolutions.set(result, made);

/**
 * Merges a convolution with a fixed kernel of size 1 with the fixed convolution before it: the new kernel is the
 * product of both, computed once. A fixed term between them is added afterwards: v (w x + b) = (v w) x + v b.
 */
export function afterConvolution(
  { graph }: Context,
  x: Lazy,
  kernel: Lazy,
  axes: readonly AxisTaps[],
): { first: Convolution; kernel: (cx: Context) => Lazy; bias?: (cx: Context) => Lazy } | undefined {
  const fixed = (v: Lazy) => graph.isFixed(v.base);
  if (!fixed(kernel) || !axes.every(isPointwise)) return undefined;
  const [a, b] = termsOf(x) ?? [x];
  const [made, added] = convolutions.has(a) ? [a, b] : [b, a];
  const first = made && convolutions.get(made);
  if (!first || !fixed(first.kernel) || (added && !fixed(added))) return undefined;
  const [outputs, between] = shapeOf(kernel) as [number, number];
  if (outputs > between) return undefined; // more to multiply than before
  const none = axes.map((): Lazy["axes"][number] => []);
  return {
    first,
    kernel(cx) {
      const left = { ...kernel, axes: [kernel.axes[0] ?? [], [], ...none, kernel.axes[1] ?? []] };
      const [m = [], c = [], ...taps] = first.kernel.axes;
      return contract(cx, left, { ...first.kernel, axes: [[], c, ...taps, m] }, [2 + axes.length]);
    },
    ...(added && {
      bias(cx: Context) {
        const left = { ...kernel, axes: [[], kernel.axes[0] ?? [], ...none, kernel.axes[1] ?? []] };
        const [n = [], m = [], ...image] = padRank(added, 2 + axes.length).axes;
        return contract(cx, left, { ...added, axes: [n, [], ...image, m] }, [2 + axes.length]);
      },
    }),
  };
}

const isPointwise = ({ input, output, kernel, stride, before, inputDilation }: AxisTaps): boolean =>
  kernel === 1 && stride === 1 && inputDilation === 1 && before === 0 && input === output;
