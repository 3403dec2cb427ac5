import { type Context, constant, elementType } from "./context.js";
import { UsageError } from "./errors.js";
import { type Equation, paramsOf } from "./jaxpr.js";
import { dense } from "./layout.js";
import { type Lazy, ofBuffer } from "./lazy.js";
import { nth } from "./lists.js";
import type { AttributeValue } from "./model.js";
import type { ArrayType } from "./trace.js";

/** An equation of a traced program: its parameters, its operands by name, and what it returns. */
type RuleEquation = Readonly<{
  primitive: string;
  params: Readonly<Record<string, unknown>>;
  inputs: readonly (ArrayType & Readonly<{ name: string }>)[];
  outputs: readonly ArrayType[];
}>;

/** Adds to the graph; each call returns the name of a value. uint32 arrays are int64 in the graph. */
type NodeBuilder = Readonly<{
  /** A node with one result; an attribute that is a float is written `{ float: 0.5 }`. */
  node(
    op: string,
    inputs: readonly string[],
    output: ArrayType,
    options?: Readonly<{ attributes?: Readonly<Record<string, AttributeValue>>; domain?: string }>,
  ): string;
  constant(values: ArrayLike<number>, type: ArrayType): string;
}>;

/** Lowers one equation: adds its nodes, and returns the names of its results, in order. */
export type OwnRule = (builder: NodeBuilder, equation: RuleEquation) => readonly string[];

/** The values of an equation by a rule of the caller. */
export function runOwnRule(
  rule: OwnRule,
  { graph }: Context,
  eqn: Equation,
  inputs: readonly Lazy[],
): Lazy[] {
  const { primitive, outBinders } = eqn;
  const typeOf = ({ shape, dtype }: ArrayType) => ({ type: elementType(dtype), shape });
  const builder: NodeBuilder = {
    node: (op, names, output, options) => graph.node(op, names, typeOf(output), options),
    constant: (values, type) => constant(graph, values, type),
  };
  const names = rule(builder, {
    primitive,
    params: paramsOf(eqn),
    inputs: eqn.inputs.map(({ aval: { shape, dtype } }, i) => ({
      name: dense(graph, nth(inputs, i)),
      shape,
      dtype,
    })),
    outputs: outBinders.map(({ aval: { shape, dtype } }) => ({ shape, dtype })),
  });
  return outBinders.map(({ aval: { shape, dtype } }, i) => {
    const name = names[i];
    const found = name === undefined ? undefined : `${graph.typeOf(name)} [${graph.shapeOf(name)}]`;
    const wanted = `${elementType(dtype)} [${shape}]`;
    if (name === undefined || found !== wanted)
      throw new UsageError(
        `the rule of ${primitive}: result ${i} is ${found ?? "missing"}, expected ${wanted}`,
      );
    return ofBuffer(name, dtype, shape);
  });
}
