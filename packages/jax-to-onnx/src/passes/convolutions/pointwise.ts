import type { Context } from "../../context.js";
import { type Lazy, padRank, shapeOf } from "../../lazy.js";
import { leading } from "../../lists.js";
import type { AxisTaps, Convolution } from "../../origins.js";
import { add } from "../../rules/arithmetic.js";
import { contract } from "../../rules/dot.js";
import type { Pass } from "../pass.js";
import { convolve, tapsOf } from "./gathered-windows.js";

function afterConvolution(
  { graph }: Context,
  { x, kernel, axes }: Convolution,
): { first: Convolution; kernel: (cx: Context) => Lazy; bias?: (cx: Context) => Lazy } | undefined {
  const fixed = (v: Lazy) => graph.isFixed(v.base);
  if (!fixed(kernel) || !axes.every(isPointwise)) return undefined;
  const [a, b] = graph.originOf(x).sum ?? [x];
  const [made, added] = graph.originOf(a).convolution ? [a, b] : [b, a];
  const first = made && graph.originOf(made).convolution;
  if (!first || !fixed(first.kernel) || (added && !fixed(added))) return undefined;
  const [outputs, between] = leading(shapeOf(kernel), 2);
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

/**
 * Merges a convolution with a fixed kernel of size 1 with the fixed convolution before it: the new kernel is the
 * product of both, computed once. A fixed term between them is added afterwards: v (w x + b) = (v w) x + v b.
 */
export const pointwiseConvolutions: Pass = {
  name: "pointwise-convolutions",
  why: "a fixed convolution of single pixels is merged with the fixed one before it",
  needs: "reassociation",
  equations: {
    conv: (cx, eqn, x, w) => {
      const taps = tapsOf(cx, eqn, [x, w]);
      const chain = taps && afterConvolution(cx, taps);
      if (!chain) return undefined;
      const plain = { ...cx, wanted: undefined };
      const { first, bias } = chain;
      const result = convolve(cx, { ...first, kernel: chain.kernel(plain) });
      return [bias ? add(cx, result, bias(plain)) : result];
    },
  },
};
