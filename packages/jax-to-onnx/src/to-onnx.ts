import { DType, type JsTree, type numpy as np } from "@jax-js/jax";
import { UsageError } from "./errors.js";
import { lower } from "./lower.js";
import { type Initializer, toBytes, withConstants } from "./model.js";
import { portable, type Target } from "./target.js";
import { trace } from "./trace.js";

export type ToOnnxOptions = {
  /** Name of the graph. Default: that of the function. */
  name?: string;
  /** Names of the results, in the order of the flattened tree. Default `out`, or `out.0`, `out.1`, … */
  outputNames?: readonly string[];
  /** Values of arguments that are built into the file, by name; they are no inputs then. */
  constants?: Readonly<Record<string, Pick<Initializer, "shape" | "data">>>;
  /** What the graph is for. Default `portable`; `ortCpu` for speed in ONNX Runtime on processors. */
  target?: Target;
};

/**
 * Any pure jax-js function as the bytes of an ONNX file, opset 20, for these shapes. A gradient, or a whole training
 * step, is such a function too.
 *
 * @param args the arguments by name, in their order: shape and type, by default float32
 * @throws UnsupportedOpError with the equation of a primitive that ONNX cannot express; UsageError for a constant that is
 * no argument, or of another shape
 *
 * @example
 * ```ts
 * import { toOnnx } from "jax-to-onnx";
 * import { nn, numpy as np } from "@jax-js/jax";
 *
 * const layer = (x: np.Array, w: np.Array) => nn.relu(np.matmul(x, w));
 * const file = toOnnx(layer, { x: { shape: [8, 4] }, w: { shape: [4, 2] } });
 * console.log(file instanceof Uint8Array);
 * // true
 * ```
 */
export function toOnnx(
  f: (...args: np.Array[]) => JsTree<np.Array>,
  args: Readonly<Record<string, { readonly shape: readonly number[]; readonly dtype?: DType }>>,
  { name = f.name || "function", outputNames, constants = {}, target = portable }: ToOnnxOptions = {},
): Uint8Array {
  const inputNames = Object.keys(args);
  for (const [constant, { shape }] of Object.entries(constants)) {
    const wanted = args[constant]?.shape;
    if (wanted?.join() !== shape.join())
      throw new UsageError(
        `constant ${constant}: shape [${shape}], expected ${wanted ? `[${wanted}]` : `one of the arguments ${inputNames.join(", ")}`}`,
      );
  }
  const specs = Object.values(args).map(({ shape, dtype = DType.Float32 }) => new Argument(shape, dtype));
  const { jaxpr, signature } = trace(f, specs, name);
  try {
    const graph = lower(jaxpr, {
      name,
      inputNames,
      outputNames: outputNames ?? signature.outputs.map((slot) => slot.name),
      fixed: new Set(Object.keys(constants)),
      target,
    });
    return toBytes(withConstants(graph, new Map(Object.entries(constants))));
  } finally {
    jaxpr.dispose();
  }
}

/** An argument: a class, so that trees treat it as a leaf. */
class Argument {
  constructor(
    readonly shape: readonly number[],
    readonly dtype: DType,
  ) {}
}
