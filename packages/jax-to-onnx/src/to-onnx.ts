import { type JsTree, type numpy as np, tree } from "@jax-js/jax";
import {
  type Argument,
  type ArgumentSpec,
  argumentTree,
  type ConstantValue,
  constantsOf,
  type Tree,
} from "./arguments.js";
import { UsageError } from "./errors.js";
import { type ExternalData, toBytes } from "./file.js";
import { nth } from "./lists.js";
import { type LowerOptions, lower } from "./lower.js";
import { withConstants } from "./model.js";
import type { OwnRule } from "./own-rules.js";
import type { SymbolicAxis } from "./symbolic/sizes.js";
import { MOST_SYMBOLS, withSymbolicAxes } from "./symbolic/symbolic-axes.js";
import { portable, type Target } from "./target.js";
import { leafPaths, trace } from "./trace.js";

export type ToOnnxOptions = {
  /** Name of the graph. Default: that of the function. */
  name?: string;
  /** Names of the results, in the order of the flattened tree. Default `out`, or `out.0`, `out.loss`, … */
  names?: readonly string[];
  /** Values of arguments that are built into the file, by name; they are no inputs then. */
  constants?: Readonly<Record<string, Tree<ConstantValue>>>;
  /** What the graph is for. Default `portable`; `ortCpu` for speed in ONNX Runtime on processors. */
  target?: Target;
  /** Version of the operators, 9 to 23. Default 20. */
  opset?: number;
  /** A second file for large constants: a file of ONNX holds 2 GiB at most. Default: all in one. */
  externalData?: ExternalData;
  /** Rules by primitive that go before those of the package: nodes for it, also of private operators. */
  rules?: Readonly<Record<string, OwnRule>>;
};

const OPTIONS = "name, names, constants, target, opset, externalData, rules";

/**
 * Any pure jax-js function as the bytes of an ONNX file. A gradient, or a whole training step, is such a function too.
 *
 * A size that is a name, as in `{ shape: ["batch", 784] }`, may be any in the file; the same name is the same size. Up
 * to four names. The function may use such a size in shapes, and nothing else may depend on it.
 *
 * @param args the arguments by name, in their order: shape and type, by default float32, or a tree of them. Inputs have
 * the paths of the leaves as their names: `params.0.weight`
 * @throws UnsupportedOpError with the equation, for a primitive that ONNX cannot express, and for a function that does
 * not allow for every size; UsageError for constants and names that do not fit the arguments and results, or are too
 * large for one file
 *
 * @example
 * ```ts
 * import { toOnnx } from "jax-to-onnx";
 * import { nn, numpy as np } from "@jax-js/jax";
 *
 * const layer = (x: np.Array, w: np.Array) => nn.relu(np.matmul(x, w));
 * const file = toOnnx(layer, { x: { shape: ["batch", 4] }, w: { shape: [4, 2] } });
 * console.log(file instanceof Uint8Array);
 * // true
 * ```
 */
export function toOnnx(
  f: (...args: never[]) => JsTree<np.Array>,
  args: Readonly<Record<string, Tree<ArgumentSpec>>>,
  options: ToOnnxOptions = {},
): Uint8Array {
  const { name = f.name || "function", names, constants = {}, target = portable, ...others } = options;
  const { opset, externalData, rules = {}, ...more } = others;
  const [other] = Object.keys(more);
  if (other !== undefined) throw new UsageError(`toOnnx: unknown option "${other}"; it has ${OPTIONS}`);
  const trees = Object.entries(args).map(([key, spec]) => [key, argumentTree(spec, key)] as const);
  const unknown = Object.keys(constants).find((key) => !(key in args));
  if (unknown !== undefined)
    throw new UsageError(
      `constant ${unknown}: expected one of the arguments ${Object.keys(args).join(", ")}`,
    );
  const built = new Map(
    trees.flatMap(([key, node]) => (key in constants ? constantsOf(node, constants[key], key) : [])),
  );
  const symbols = symbolsOf(trees);
  const traced = (sizes: readonly number[]) => {
    const known = new Map(symbols.map(({ name: symbol }, i) => [symbol, nth(sizes, i)]));
    const specs = trees.map(([, node]) => tree.map((leaf: Argument) => leaf.of(known), node));
    return trace(f, specs, name);
  };
  const { jaxpr, signature } = traced(symbols.map(() => 2));
  try {
    const inputNames = trees.flatMap(([key, node]) => leafPaths(node, key));
    if (names) expectNames(names, inputNames, signature.outputs.length);
    const lowering: LowerOptions = {
      name,
      inputNames,
      outputNames: names ?? signature.outputs.map((slot) => slot.name),
      fixed: new Set(built.keys()),
      target,
      rules,
    };
    const graph =
      symbols.length === 0
        ? lower(jaxpr, lowering)
        : withSymbolicAxes({
            name,
            symbols,
            traced: (sizes) => traced(sizes).jaxpr,
            lowered: (program) => lower(program, lowering),
          });
    return toBytes(withConstants(graph, built), { opset, externalData });
  } finally {
    jaxpr.dispose();
  }
}

function expectNames(names: readonly string[], inputs: readonly string[], results: number): void {
  if (names.length !== results)
    throw new UsageError(`${names.length} names for ${results} results: ${names.join(", ")}`);
  const twice = names.find((each, i) => inputs.includes(each) || names.indexOf(each) !== i);
  if (twice !== undefined)
    throw new UsageError(`${twice}: a name of two results, or of an input and a result`);
}

/** The names among the sizes, each with the first input that has it. */
function symbolsOf(trees: readonly (readonly [name: string, node: JsTree<Argument>])[]): SymbolicAxis[] {
  const found = new Map<string, SymbolicAxis>();
  for (const [key, node] of trees) {
    const paths = leafPaths(node, key);
    for (const [i, { shape }] of tree.leaves<Argument>(node).entries())
      shape.forEach((size, axis) => {
        if (typeof size !== "string" || found.has(size)) return;
        found.set(size, { name: size, input: nth(paths, i), axis });
      });
  }
  if (found.size > MOST_SYMBOLS)
    throw new UsageError(
      `sizes with the names ${[...found.keys()].join(", ")}: expected at most ${MOST_SYMBOLS}`,
    );
  return [...found.values()];
}
