import { nth } from "../lists.js";
import type { Dimension, GraphNode, Initializer } from "../model.js";

/** The size of an axis that may be any, and an axis of an input that has it. */
export type SymbolicAxis = Readonly<{ name: string; input: string; axis: number }>;

/** A factor times a power of each symbol. */
export type Monomial = Readonly<{
  factor: number;
  powers: readonly number[];
  isFixed: boolean;
  /** As a dimension of a file: `4`, `batch`, `2*batch`. */
  dimension: Dimension;
}>;

const MOST_POWER = 3;

/** Sizes that depend on symbols: found from their values for a few sizes of the symbols, and computed by nodes. */
export class Sizes {
  readonly #added = new Map<string, Initializer>();
  readonly #emitted = new Set<string>();

  /** Sizes of the symbols, smaller and larger ones: two primes for each. */
  constructor(
    readonly symbols: readonly SymbolicAxis[],
    readonly base: readonly number[],
    readonly other: readonly number[],
  ) {}

  nameOf(symbol: number): string {
    return this.symbols[symbol]?.name ?? "";
  }

  /**
   * A size from its value for the base sizes, and its values where one symbol after the other is larger; or the number
   * of the first symbol that it depends on in another way.
   */
  monomial([value = 0, ...grown]: readonly number[]): Monomial | number {
    const powers = grown.map((larger, k) => {
      const [p, q] = [nth(this.base, k), nth(this.other, k)];
      return Array.from({ length: MOST_POWER + 1 }, (_, e) => e).find(
        (e) => larger * p ** e === value * q ** e,
      );
    });
    const odd = powers.indexOf(undefined);
    if (odd >= 0) return odd;
    const known = powers as number[];
    const factor = known.reduce((rest, e, k) => rest / nth(this.base, k) ** e, value);
    if (!Number.isInteger(factor)) return known.findIndex((e) => e > 0);
    const names = known.flatMap((e, k) => Array<string>(e).fill(this.nameOf(k)));
    const isFixed = names.length === 0;
    const dimension = isFixed ? factor : (factor === 1 ? names : [factor, ...names]).join("*");
    return { factor, powers: known, isFixed, dimension };
  }

  get constants(): readonly Initializer[] {
    return [...this.#added.values()];
  }

  constant(values: readonly number[]): string {
    const name = `sizes ${values.join(" ")}`;
    this.#added.set(name, {
      name,
      type: "int64",
      shape: [values.length],
      data: BigInt64Array.from(values, BigInt),
    });
    return name;
  }

  /** A vector of sizes, by nodes. */
  vector(entries: readonly Monomial[], nodes: GraphNode[]): string {
    const parts = entries.map((entry) => this.#entry(entry, nodes));
    if (parts.length === 1) return nth(parts, 0);
    const name = `sizes ${entries.map(({ dimension }) => dimension).join(" ")}`;
    return this.#emit("Concat", parts, name, nodes, { axis: 0 });
  }

  #entry({ factor, powers, isFixed, dimension }: Monomial, nodes: GraphNode[]): string {
    if (isFixed) return this.constant([factor]);
    const factors = powers.flatMap((e, k) => Array<string>(e).fill(this.#length(k, nodes)));
    if (factor !== 1) factors.push(this.constant([factor]));
    const [first = "", ...others] = factors;
    return others.reduce((product, next, i) => {
      const name = i === others.length - 1 ? `size ${dimension}` : `${product}*${next}`;
      return this.#emit("Mul", [product, next], name, nodes);
    }, first);
  }

  #length(symbol: number, nodes: GraphNode[]): string {
    const { name, input, axis } = nth(this.symbols, symbol);
    return this.#emit("Shape", [input], `size ${name}`, nodes, { start: axis, end: axis + 1 });
  }

  #emit(
    op: string,
    inputs: readonly string[],
    output: string,
    nodes: GraphNode[],
    attributes: GraphNode["attributes"] = {},
  ): string {
    if (!this.#emitted.has(output)) nodes.push({ op, domain: "", inputs, outputs: [output], attributes });
    this.#emitted.add(output);
    return output;
  }
}
