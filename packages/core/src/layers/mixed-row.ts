import { numpy as np } from "@jax-js/jax";
import { chain, initChain } from "../chain.js";
import { ShapeError } from "../errors.js";
import type { CalibrationData } from "../init/calibration-data.js";
import { type ArrayTree, defineLayer, type FlowLayer } from "../layer.js";
import { splitKey } from "../math/keys.js";
import type { NoiseTree } from "../noise.js";
import * as o from "../options.js";
import { HostArray } from "../params/host-array.js";
import { invertOrder } from "../rearrangement.js";
import { countOf, type Shape, sameShape, showShape } from "../shape.js";
import { boxAt, boxesOf } from "./boxes.js";
import { inCycles } from "./cycles.js";
import { flowMixture } from "./flow-mixture.js";
import { defineKind } from "./kind.js";
import { valueClasses } from "./value-classes.js";
import { valueTree } from "./value-tree.js";

/** Examples that values are counted in, and those that the layers of the numbers start from: these take their time. */
const START_ITEMS = { values: 20_000, numbers: 5000 } as const;

/** The parameters of the values, and those of the layers of the numbers. */
export type MixedRowParams = { values: ArrayTree[]; numbers: ArrayTree[] };

const schemas = {
  /**
   * Numbers k = a + g i on a grid, i whole, whose places in a cycle of m steps have probabilities (days of a week, cents): [column, m, g, a]
   * each. Behind the columns of the row stand the places, 0 to m − 1, and the columns hold the cycles before them. Default none.
   */
  cycles: o.optional(o.listOf(o.listOf(o.number, 4))),
  /** Which columns have values, counted from 0; the others are numbers. */
  columns: o.order,
  /** Of each of them the edges between its values, rising. */
  edges: o.listOf(o.listOf(o.number, 2), 1),
  /** Of each of them the step between its values: these have probabilities. Default 1. */
  steps: o.optional(o.listOf(o.positive, 1)),
  /** Of each column of a condition how many values it has, a 1 among zeros; the layers see them before those of the row. Default none. */
  given: o.optional(o.listOf(o.integer(1, 2048), 1)),
  /** Width of a network of the values, beside their tree. Default 0: none. */
  hidden: o.optional(o.count),
  /** Numbers of classes of further densities of the values, in which columns are independent, where there is a network. Default none. */
  classes: o.optional(o.listOf(o.integer(2, 256))),
  /** Most pairs and triples of values that a column depends on. Default 0: none. */
  contexts: o.optional(o.count),
};
export type MixedRowOptions = o.Options<typeof schemas>;

/**
 * L = log P(k) + L_numbers(y | k): a row x has values k in some columns and numbers y in the others. The values follow a
 * tree (`valueTree`), with `hidden` mixed with one that has a network, and with classes, and the numbers go through layers whose condition is k; z is what these leave.
 *
 * Exact where the layers are. A value is all that lies between two edges of its column, so noise on its code changes nothing. The
 * inverse draws the values, then the numbers given them. The start of the layers knows the values.
 *
 * Errors: `ShapeError` for examples that are no vectors, for columns that are not there or are all there are, and for layers that
 * take something else; `DomainError` for cycles of fewer than two steps. Source: Chow and Liu 1968 for the values; Olkin and Tate 1961 (the location model of mixed variables).
 *
 * @param layers of the numbers, in their order
 *
 * @example
 * ```ts
 * import { conditionalAffine, mixedRow } from "@flowify/core/layers";
 *
 * const edges = [[-0.5, 0.5, 1.5]]; // the codes 0 and 1
 * const layer = mixedRow([3], [conditionalAffine([2], 2, { hidden: 0 })], { columns: [1], edges });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 3 ] [ 2 ] true
 * ```
 */
export function mixedRow(
  inShape: Shape,
  layers: readonly FlowLayer[],
  options: MixedRowOptions,
): FlowLayer<MixedRowParams> {
  const name = "mixedRow";
  const {
    columns,
    edges,
    steps,
    classes = [],
    cycles = [],
    ...rest
  } = o.checked(name, inShape, options, schemas);
  const { contexts = 0, given = [], hidden = 0 } = rest;
  if (inShape.length !== 1) throw new ShapeError(`${name}: needs vectors [n], got ${showShape(inShape)}`);
  const { apart, together, contribution } = inCycles(name, inShape[0] ?? 0, cycles);
  const n = (inShape[0] ?? 0) + cycles.length;
  if (edges.length !== columns.length)
    throw new ShapeError(`${name}: expected edges of ${columns.length} columns, got ${edges.length}`);
  const others = Array.from({ length: n }, (_, c) => c).filter((c) => !columns.includes(c));
  const back = invertOrder(name, [...columns, ...others], n);
  if (others.length === 0) throw new ShapeError(`${name}: all ${n} columns have values; use valueTree`);
  const own: Shape = [columns.length];
  const boxed = { edges, ...(steps && { steps }) };
  const tree = valueTree(own, { contexts, ...(given.length > 0 && { given }), ...boxed });
  const fixed = [tree, ...classes.map((K) => valueClasses(own, { ...boxed, classes: K }))];
  const members = [...fixed, valueTree(own, { contexts, ...boxed, hidden })].map((each) => [each]);
  const learns = hidden > 0 && columns.length > 1 && given.length === 0;
  const values = chain([learns ? flowMixture(members, { fixed: fixed.length, stacked: true }) : tree]);
  const numbers = chain(layers);
  if (!sameShape(numbers.inShape, [others.length]))
    throw new ShapeError(
      `${name}: the layers take ${showShape(numbers.inShape)}, but ${others.length} columns are numbers`,
    );
  const { count, inside } = boxesOf(name, edges);
  const G = given.reduce((sum, size) => sum + size, 0);
  const S = G + count;
  if (numbers.condition && !sameShape(numbers.condition, [S]))
    throw new ShapeError(
      `${name}: the layers take a condition ${showShape(numbers.condition, false)}, the columns have ${S} values`,
    );
  const take = (x: np.Array, places: readonly number[]): np.Array =>
    np.take(x, np.array([...places], { dtype: np.int32 }), 1);
  /** The condition that the layers see, where they take one. Consumes both. */
  const seen = (codes: np.Array, before?: np.Array): np.Array | undefined => {
    if (numbers.condition) return before ? np.concatenate([before, inside(codes)], 1) : inside(codes);
    codes.dispose();
    before?.dispose();
    return undefined;
  };
  return defineLayer<MixedRowParams>({
    name,
    inShape,
    outShape: numbers.outShape,
    exact: numbers.exact,
    ...(G > 0 && { condition: [G] }),
    forwardNoise: numbers.forwardNoise,
    inverseNoise: { values: values.inverseNoise, numbers: numbers.inverseNoise },
    parameterKinds: { values: values.parameterKinds, numbers: numbers.parameterKinds },
    facts: {
      initExamples: START_ITEMS.values,
      frozenParameterKinds: { values: "fixed", numbers: numbers.facts.frozenParameterKinds ?? "fixed" },
    },
    init(key) {
      const [first, other] = splitKey(key, 2);
      return { values: values.init(first), numbers: numbers.init(other) };
    },
    forward(params, x, noise, condition) {
      const row = apart(x);
      const codes = take(row.ref, columns);
      const first = values.forward(
        params.values,
        codes.ref,
        values.forwardNoise as NoiseTree,
        condition?.ref,
      );
      first.z.dispose();
      const step = numbers.forward(params.numbers, take(row, others), noise, seen(codes, condition));
      const both = step.contribution.add(first.contribution);
      return { z: step.z, contribution: contribution === 0 ? both : both.add(contribution) };
    },
    inverse(params, z, drawn: { values: NoiseTree; numbers: NoiseTree }, condition) {
      const nothing = np.zeros([countOf(z), 0], { dtype: z.dtype });
      const codes = values.inverse(params.values, nothing, drawn.values, condition?.ref);
      const rest = numbers.inverse(params.numbers, z, drawn.numbers, seen(codes.ref, condition));
      return together(take(np.concatenate([codes, rest], 1), back));
    },
    async initFromData(key, examples) {
      const [first, other] = splitKey(key, 2);
      const codes = await examples.map([columns.length], (x) => take(apart(x), columns)).held();
      const some = examples.first(START_ITEMS.numbers);
      const rest = await some.map([others.length], (x) => take(apart(x), others)).held();
      const conditions = await valuesOf(codes.first(START_ITEMS.numbers));
      const { values: had, numbers: rested } = (examples.known ?? {}) as Partial<MixedRowParams>;
      return {
        values: await initChain(values, first, codes.about(had)),
        numbers: await initChain(numbers, other, rest.conditioned(conditions).about(rested)),
      };
    },
  });

  /** A 1 for the value of each column, behind those of a condition, [count, S]. */
  async function valuesOf(codes: CalibrationData): Promise<HostArray> {
    const starts = edges.map((_, c) => edges.slice(0, c).reduce((sum, own) => sum + own.length - 1, G));
    const rows = new Float32Array(codes.count * S);
    for (let row = 0; codes.given && row < codes.count; row++)
      rows.set(codes.given.data.subarray(row * G, (row + 1) * G), row * S);
    let at = 0;
    for await (const part of codes.parts())
      for (const x of part) {
        const c = at % columns.length;
        const row = Math.floor(at++ / columns.length);
        rows[row * S + starts[c]! + boxAt(edges[c]!, x)] = 1;
      }
    return new HostArray(rows, [codes.count, S], np.float32);
  }
}

/** How many columns are numbers. */
const numbersOf = (
  [n = 0]: Shape,
  { columns, cycles = [] }: Pick<MixedRowOptions, "columns" | "cycles">,
): number => n + cycles.length - columns.length;

export const mixedRowKind = defineKind({
  kind: "mixedRow",
  options: {
    ...schemas,
    /** The layers of the numbers, in their order; those that take a condition see the values, a 1 among zeros for each column. */
    layers: o.layers,
  },
  flow(inShape, { layers, ...own }, { build }) {
    const S = [...(own.given ?? []), ...own.edges.map((each) => each.length - 1)].reduce(
      (sum, k) => sum + k,
      0,
    );
    return mixedRow(inShape, build(layers, [numbersOf(inShape, own)], S), own);
  },
  outShape: (inShape, { layers, ...own }, { outShape }) => outShape(layers, [numbersOf(inShape, own)]),
});
