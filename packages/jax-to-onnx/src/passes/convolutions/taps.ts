import type { Context } from "../../context.js";
import { inOrder, solid } from "../../layout.js";
import { type Lazy, ofBuffer, shapeOf, view } from "../../lazy.js";
import { leading, nth, pick, sizeOf } from "../../lists.js";
import type { AxisTaps } from "../../origins.js";
import { contract } from "../../rules/dot.js";
import { padNode } from "../../rules/movement.js";
import { reduceAxes } from "../../rules/reductions.js";
import { minimalFiltering } from "./minimal-filtering.js";
import { filteringOf, minimalCost, minimalProduct } from "./winograd.js";

/** For output position q and kernel entry t (of all axes, row-major) the input position, −1 for zero padding. */
type Table = Readonly<{ positions: number; taps: number; inputs: number; at: Int32Array }>;

/**
 * A convolution [N, C, …] * [O, C, …] -> [N, O, …] as one product of matrices, the channels
 * innermost. Of input positions p, kernel entries t and output positions q, each pair determines the third; a table
 * gathers numbers before the product,
 *
 *     of the input:  X[n, q, t, c] · w[t, c, o]
 *     of the kernel: x[n, c, p] · W[c, p, q, o], for kernels as large as the image (gradients of weights)
 *     or after it:   Y[n, p, t, o] = x[n, p, c] · w[c, t, o], then the sum of the Y that belong to q,
 *
 * or by minimal filtering (`winograd.ts`), whichever moves and multiplies least. Products share gathers: the gradient
 * of the weight reuses that of the gradient of the input.
 *
 * The last two only in itemwise programs, or if all pairs belong together: minimal filtering adds numbers that cancel,
 * and a gathered kernel multiplies by zero, which does not remove NaN and Infinity.
 */
export function tapProduct(cx: Context, x: Lazy, w: Lazy, axes: readonly AxisTaps[]): Lazy {
  const { gather, write, merged } = cx.graph.target.convolutions;
  const [n, c] = leading(shapeOf(x), 2);
  const o = nth(shapeOf(w), 0);
  const walked = JSON.stringify(axes);
  /** What the axes alone decide: the channels of a depthwise convolution have it in common. */
  const once = <T>(what: string, make: () => T): T => cx.graph.once(`${what} ${walked}`, make);
  const table = once("table", () => makeTable(axes));
  const { positions: q, taps: t, inputs: p } = table;
  const flatX = view(x, [n, c, p]);
  const flatW = view(w, [o, c, t]);
  // Contracting the batch: the common axes of the operands are outermost.
  const large = t > q;
  const moves = (size: number, there: boolean) => (there ? 0 : size * gather);
  const known = (v: Lazy, lookup: Lookup) => lookup.plain || gatherPositions(cx, v, lookup, large, true);
  const byInput = once("input", () => inputLookup(table, large));
  const byOutput = once("output", () => outputLookup(table));
  const parallel = axes.every(isSideBySide);
  const ways = [
    {
      cost: n * q * t * c * o + moves(n * q * t * c, known(flatX, byInput) !== undefined),
      make: () => {
        const X = gatherPositions(cx, flatX, byInput, large) as Lazy; // [n, c, (q, t)] or [n, c, (t, q)]
        const cut = view(X, [n, c, ...(large ? [t, q] : [q, t])]);
        const at = large ? 3 : 2;
        const left = { ...cut, axes: placed(cut, [0, undefined, at, 1, 5 - at]) };
        const right = { ...flatW, axes: placed(flatW, [undefined, 0, undefined, 1, 2]) };
        return contract(ordered(cx, large), left, right, [3, 4]);
      },
    },
    {
      cost: n * p * t * c * o + (parallel ? 0 : moves(n * (p * t + q * byOutput.width) * o, false)),
      make: () => {
        const left = { ...flatX, axes: placed(flatX, [0, 2, undefined, undefined, 1]) };
        // The result has its columns in the order of the kernel: the small operand is transposed.
        const kernel = inOrder(cx.graph, solid(cx.graph, flatW, [1, 2, 0]), [1, 2, 0]);
        const right = { ...kernel, axes: placed(kernel, [undefined, undefined, 2, 0, 1]) };
        const Y = contract({ ...cx, wanted: [0, 1, 2, 3] }, left, right, [4]); // [n, p, t, o]
        if (parallel) return shuffled(Y, axes);
        const rows = view({ ...Y, axes: placed(Y, [0, 3, 1, 2]) }, [n, o, p * t]);
        const picked = gatherPositions(cx, rows, byOutput, false) as Lazy;
        return reduceAxes(cx, view(picked, [n, o, q, byOutput.width]), "Add", [3]);
      },
    },
  ];
  const mayCancel = cx.itemwise && cx.graph.target.semantics.minimalFiltering;
  // of a large image it has very many entries
  const byKernel = ways.some(({ cost }) => cost <= n * p * q * c * o)
    ? undefined
    : once("kernel", () => kernelLookup(table));
  if (byKernel && (mayCancel || !byKernel.index.includes(-1)))
    ways.push({
      cost: n * p * q * c * o + moves(c * p * q * o, known(flatW, byKernel) !== undefined),
      make: () => {
        const W = view(gatherPositions(cx, flatW, byKernel, true) as Lazy, [o, c, p, q]);
        const left = { ...flatX, axes: placed(flatX, [0, undefined, undefined, 1, 2]) };
        const right = { ...W, axes: placed(W, [undefined, 0, 3, 1, 2]) };
        return contract(ordered(cx, large), left, right, [3, 4]);
      },
    });
  const minimal = mayCancel ? once("minimal", () => filteringOf(minimalFiltering(axes), merged)) : undefined;
  if (minimal) {
    const { products, written } = minimalCost(n, c, o, minimal);
    ways.push({ cost: products + written * write, make: () => minimalProduct(cx, x, w, minimal) });
  }
  const result = ways.reduce((best, way) => (way.cost < best.cost ? way : best)).make();
  return view(result, [n, o].concat(axes.map((axis) => axis.output)));
}

/** True for a transposed convolution whose outputs of one input directly follow those of the one before. */
const isSideBySide = (axis: AxisTaps): boolean =>
  axis.output === axis.input * axis.kernel &&
  [...Array(axis.output).keys()].every((q) =>
    [...Array(axis.kernel).keys()].every(
      (t) => inputAt(axis, q, t) === (t === q % axis.kernel ? Math.floor(q / axis.kernel) : -1),
    ),
  );

/** [n, p, t, o] as [n, o, …(p, t) of each axis]: a view. */
function shuffled(v: Lazy, axes: readonly AxisTaps[]): Lazy {
  const [n, , , o] = leading(shapeOf(v), 4);
  const cut = view(v, [n, ...axes.map((axis) => axis.input), ...axes.map((axis) => axis.kernel), o]);
  const pairs = axes.flatMap((_, i) => [cut.axes[1 + i] ?? [], cut.axes[1 + axes.length + i] ?? []]);
  const turned = { ...cut, axes: [cut.axes[0] ?? [], cut.axes.at(-1) ?? [], ...pairs] };
  return view(turned, [n, o, ...axes.map((axis) => axis.output)]);
}

/** Logical axes of the products are [n, o, q]: channels innermost for images. */
const ordered = (cx: Context, large: boolean): Context => ({ ...cx, wanted: large ? undefined : [0, 2, 1] });

const placed = (v: Lazy, order: readonly (number | undefined)[]) =>
  order.map((i) => (i === undefined ? [] : (v.axes[i] ?? [])));

function makeTable(axes: readonly AxisTaps[]): Table {
  const positions = sizeOf(axes.map((axis) => axis.output));
  const taps = sizeOf(axes.map((axis) => axis.kernel));
  const inputs = sizeOf(axes.map((axis) => axis.input));
  let at: number[][] = [[0]];
  for (const axis of axes)
    at = at.flatMap((before) =>
      Array.from({ length: axis.output }, (_, q) =>
        before.flatMap((outer) =>
          Array.from({ length: axis.kernel }, (__, t) => {
            const inner = inputAt(axis, q, t);
            return outer < 0 || inner < 0 ? -1 : outer * axis.input + inner;
          }),
        ),
      ),
    );
  return { positions, taps, inputs, at: Int32Array.from(at.flat()) };
}

function inputAt(axis: AxisTaps, q: number, t: number): number {
  const entry = axis.reversed ? axis.kernel - 1 - t : t;
  const place = q * axis.stride + entry * axis.kernelDilation - axis.before;
  const p = place / axis.inputDilation;
  return Number.isInteger(p) && p >= 0 && p < axis.input ? p : -1;
}

/** Entries of a position axis to gather, `width` for each row; −1 means zero. `plain`: all of them in order. */
type Lookup = Readonly<{ index: Int32Array; width: number; plain: boolean; size: number }>;

function lookup(index: Int32Array, width: number, size: number): Lookup {
  const plain = index.length === size && index.every((at, i) => at === i);
  return { index, width, size, plain };
}

/** Input positions, by q then t, or by t then q. */
function inputLookup({ positions, taps, inputs, at }: Table, tapsFirst: boolean): Lookup {
  if (!tapsFirst) return lookup(at, taps, inputs);
  const turned = at.map((_, i) => nth(at, (i % positions) * taps + Math.floor(i / positions)));
  return lookup(turned, positions, inputs);
}

/** Kernel entries, by input position then q. */
function kernelLookup({ positions, taps, inputs, at }: Table): Lookup {
  const index = new Int32Array(inputs * positions).fill(-1);
  at.forEach((p, i) => {
    if (p >= 0) index[p * positions + Math.floor(i / taps)] = i % taps;
  });
  return lookup(index, positions, taps);
}

/** Pairs (p, t), numbered p · taps + t, that belong to a q. */
function outputLookup({ positions, taps, inputs, at }: Table): Lookup {
  const pairs = Array.from({ length: positions }, (_, q) =>
    Array.from(at.subarray(q * taps, (q + 1) * taps)).flatMap((p, t) => (p < 0 ? [] : [p * taps + t])),
  );
  const width = Math.max(1, ...pairs.map((own) => own.length));
  const index = new Int32Array(positions * width).fill(-1);
  pairs.forEach((own, q) => {
    index.set(own, q * width);
  });
  return lookup(index, width, inputs * taps);
}

/**
 * Replaces the last axis of [a, b, positions] by a lookup. The buffer is [a, positions, b], or [b, positions, a], with
 * the positions in front if only a few numbers would follow them: a Gather takes 4 ns per row, however short. With `onlyKnown`, creates no Gather: returns the
 * result only if it exists in the graph.
 */
function gatherPositions(
  cx: Context,
  v: Lazy,
  lookup: Lookup,
  secondFirst: boolean,
  onlyKnown = false,
): Lazy | undefined {
  const { index, plain, size } = lookup;
  if (plain) return v;
  const { graph } = cx;
  const sizes = shapeOf(v);
  const [outer, inner] = secondFirst ? [1, 0] : [0, 1];
  const order =
    nth(sizes, inner) <= graph.target.convolutions.shortRow ? [2, outer, inner] : [outer, 2, inner];
  const dim = order.indexOf(2);
  const ready = inOrder(graph, solid(graph, v, order), order);
  const shape = pick(sizes, order);
  let rows = graph.reshape(ready.base, shape);
  if (index.includes(-1)) rows = padNode(cx, rows, v.dtype, { dim, before: 0, after: 1 });
  const places = (): Int32Array => index.map((at) => (at < 0 ? size : at));
  const named = graph.once(lookup, () => graph.constant(places(), "int32", [index.length]));
  const inputs = [rows, named] as const;
  const attributes = { axis: dim };
  if (onlyKnown && graph.find("Gather", inputs, { attributes }) === undefined) return undefined;
  const gathered = shape.with(dim, index.length);
  const base = graph.like("Gather", inputs, gathered, attributes);
  const buffer = ofBuffer(base, v.dtype, gathered);
  return { ...buffer, axes: [0, 1, 2].map((axis) => buffer.axes[order.indexOf(axis)] ?? []) };
}
