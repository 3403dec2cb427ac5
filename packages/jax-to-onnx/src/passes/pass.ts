import type { Context } from "../context.js";
import type { Graph } from "../graph.js";
import type { Equation } from "../jaxpr.js";
import type { Lazy } from "../lazy.js";
import type { GraphNode } from "../model.js";
import type { Semantics } from "../target.js";

/** Values of an equation instead of those of its rule, or undefined to leave it to the rule. */
export type Rewrite = (cx: Context, eqn: Equation, ...inputs: readonly Lazy[]) => readonly Lazy[] | undefined;

/** An optimization that can be left out. Without any, every primitive is lowered by its rule alone. */
export type Pass = Readonly<{
  name: string;
  /** What it saves. */
  why: string;
  /** The switch of the target that it needs, because results may differ by more than rounding. */
  needs?: keyof Semantics;
  /** Acts on equations while they are lowered, by primitive. */
  equations?: Readonly<Record<string, Rewrite>>;
  /** A value to read instead of that of a node, made from values before it; undefined keeps the node. */
  node?(graph: Graph, node: GraphNode): string | undefined;
  /** Acts on the whole graph, after the rules. */
  run?(graph: Graph): void;
}>;
