import type { ClosedJaxpr } from "@jax-js/jax";
import { UnsupportedOpError } from "../errors.js";
import { nth } from "../lists.js";
import type { LoweredGraph } from "../lower.js";
import type { Dimension, GraphModel, GraphNode, Initializer, TensorInfo } from "../model.js";
import { consumed } from "../trace.js";
import { dependsOn, expectAnySize } from "./any-size.js";
import { type Monomial, Sizes, type SymbolicAxis } from "./sizes.js";

/** A program, traced and lowered for given sizes of its symbolic axes. */
export type SymbolicProgram = Readonly<{
  name: string;
  symbols: readonly SymbolicAxis[];
  /** The program for a size of each symbol; the caller disposes of it. */
  traced(sizes: readonly number[]): ClosedJaxpr;
  lowered(jaxpr: ClosedJaxpr): LoweredGraph;
}>;

/**
 * Pairs of sizes for lowering a program, for the first symbol, the second and so on, until the graphs have the same
 * nodes. Some nodes depend on the size of arrays, and a pair may lie on both sides of a threshold; for the last pair
 * every array with such an axis is large.
 */
const PAIRS = [
  [11, 13, 17, 19, 23, 29, 37, 41],
  [67, 71, 73, 79, 83, 89, 97, 101],
  [127, 131, 137, 139, 149, 151, 157, 163],
  [65521, 65537, 1009, 1013, 1019, 1021, 1031, 1033],
] as const;

/** Most symbols of one program: there are as many pairs of primes. */
export const MOST_SYMBOLS = 4;

/**
 * A graph for any sizes of some axes, from graphs for a few sizes: they have the same nodes, and differ only in vectors
 * of sizes. A size that is the only one to grow becomes −1 in a Reshape; elsewhere sizes are computed from the lengths
 * of inputs. Sizes may agree by chance: the program itself is checked at many sizes before lowering.
 *
 * @throws UnsupportedOpError if anything else depends on one of the sizes
 */
export function withSymbolicAxes({ name, symbols, traced, lowered }: SymbolicProgram): GraphModel {
  const small = symbols.map((_, i) => nth<number>(PAIRS[0], 2 * i));
  symbols.forEach(({ name: symbol }, i) =>
    expectAnySize((size) => traced(small.with(i, size)), symbol, name),
  );
  const lowerFor = (sizes: readonly number[]): LoweredGraph => consumed(traced(sizes), lowered);
  let failure: unknown;
  for (const pairs of PAIRS) {
    const base = symbols.map((_, i) => nth(pairs, 2 * i));
    const other = symbols.map((_, i) => nth(pairs, 2 * i + 1));
    try {
      const grown = other.map((size, i) => lowerFor(base.with(i, size)));
      return merge(lowerFor(base), grown, new Sizes(symbols, base, other));
    } catch (error) {
      if (!(error instanceof UnsupportedOpError)) throw error;
      failure = error;
    }
  }
  throw failure;
}

/** One graph of a graph for the base sizes, and of one for each symbol that is larger. */
function merge(graph: LoweredGraph, grown: readonly LoweredGraph[], sizes: Sizes): GraphModel {
  const differs = (k: number, where: string, why: string): UnsupportedOpError =>
    dependsOn(sizes.nameOf(k), graph.name, where, why);
  const constants = [graph, ...grown].map((each) => new Map(each.constants.map((c) => [c.name, c])));
  const partners = grown.map(() => new Map<string, string>());
  const nodes: GraphNode[] = [];
  const symbolic = (values: readonly number[], where: string): Monomial => {
    const found = sizes.monomial(values);
    if (typeof found === "number") throw differs(found, where, "mixes it with other sizes");
    return found;
  };

  /** The constant of the first graph, if it is the same in all; undefined for vectors of sizes that differ. */
  const same = (all: readonly Initializer[], where: string): string | undefined => {
    const [first, ...others] = all as [Initializer, ...Initializer[]];
    let equal = true;
    others.forEach((c, k) => {
      const alike =
        c.type === first.type && c.data.length === first.data.length && c.shape.join() === first.shape.join();
      const equals = alike && (first.data as Float32Array).every((value, i) => Object.is(value, c.data[i]));
      const why = alike ? "holds a number that depends on it" : "holds more numbers in larger arrays";
      if (!equals && (!alike || c.type !== "int64" || c.shape.length !== 1)) throw differs(k, where, why);
      equal &&= equals;
    });
    return equal ? first.name : undefined;
  };

  /** The value in place of input `at` of a node. */
  const merged = (names: readonly string[], user: GraphNode, at: number): string => {
    const [first, ...others] = names as [string, ...string[]];
    const where = `${user.op} ${user.outputs[0]}`;
    const found = names.map((name, k) => constants[k]?.get(name));
    if (!found.every((c) => c !== undefined)) {
      others.forEach((name, k) => {
        const known = partners[k]?.get(first) ?? name;
        if (known !== name || (found[0] === undefined) !== (found[k + 1] === undefined))
          throw differs(k, where, "reads other values in larger arrays");
        partners[k]?.set(first, name);
      });
      return first;
    }
    const unchanged = same(found, where);
    if (unchanged !== undefined) return unchanged;
    const vectors = found.map((c) => Array.from(c.data as BigInt64Array, Number));
    const valuesAt = (i: number): number[] => vectors.map((vector) => nth(vector, i));
    const entries = nth(vectors, 0).map((_, i) => symbolic(valuesAt(i), where));
    const one = user.op === "Reshape" && at === 1 && entries.filter(({ isFixed }) => !isFixed).length === 1;
    return one
      ? sizes.constant(entries.map(({ isFixed, factor }) => (isFixed ? factor : -1)))
      : sizes.vector(entries, nodes);
  };

  graph.nodes.forEach((first, i) => {
    const others = grown.map(({ nodes }) => nodes[i]);
    const odd = others.findIndex(
      (other) =>
        first.op !== other?.op ||
        first.inputs.length !== other.inputs.length ||
        JSON.stringify(first.attributes) !== JSON.stringify(other.attributes),
    );
    if (odd >= 0)
      throw differs(odd, `${first.op} ${first.outputs[0]}`, "is another operation in larger arrays");
    const all = [first, ...(others as GraphNode[])];
    const namesAt = (at: number): string[] => all.map((node) => nth(node.inputs, at));
    const inputs = first.inputs.map((_, at) => merged(namesAt(at), first, at));
    others.forEach((other, k) =>
      first.outputs.forEach((name, at) => partners[k]?.set(name, other?.outputs[at] as string)),
    );
    nodes.push({ ...first, inputs });
  });
  const longer = grown.findIndex((each) => each.nodes.length !== graph.nodes.length);
  if (longer >= 0) throw differs(longer, "the graph", "has other nodes in larger arrays");

  const used = new Set(nodes.flatMap((each) => each.inputs));
  const open = (of: (each: LoweredGraph) => readonly TensorInfo[]): TensorInfo[] =>
    of(graph).map((info, i) => ({
      ...info,
      shape: info.shape.map((size, axis): Dimension => {
        const values = [size, ...grown.map((each) => of(each)[i]?.shape[axis])].map(Number);
        return symbolic(values, info.name).dimension;
      }),
    }));
  return {
    name: graph.name,
    inputs: open(({ inputs }) => inputs),
    outputs: open(({ outputs }) => outputs),
    nodes,
    constants: [...graph.constants, ...sizes.constants].filter(({ name }) => used.has(name)),
  };
}
