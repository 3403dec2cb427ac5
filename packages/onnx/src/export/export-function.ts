import type { HostArray } from "@flowify/core";
import { ArraySpec, treeLeaves } from "@flowify/core/internal";
import { DType, type JsTree, type numpy as np } from "@jax-js/jax";
import { portable, type Target } from "jax-to-onnx";
import {
  type GraphModel,
  leafPaths,
  lower,
  nth,
  trace,
  withConstants,
  withSymbolicAxes,
} from "jax-to-onnx/internal";
import { compiled } from "../lower.js";
import { specsOf } from "./exported.js";

/** A pure function of constants and examples [batch, …], and the names of its input and outputs. */
type ExportedFunction = Readonly<{
  name: string;
  f(constants: JsTree<np.Array>, x: np.Array): JsTree<np.Array>;
  constants: JsTree<HostArray>;
  /** The shape of an example. */
  input: Readonly<{ name: string; shape: readonly number[] }>;
  /** In the order of the leaves of the result. */
  outputs: readonly string[];
}>;

/**
 * Any function of a batch with its constants as an ONNX graph, for a batch of any size.
 *
 * @throws UnsupportedOpError where it cannot be lowered, or its result depends on the number of examples
 */
export function exportFunction(
  { name, f, constants, input, outputs }: ExportedFunction,
  { target = portable }: Readonly<{ target?: Target }> = {},
): GraphModel {
  const paths = leafPaths(constants, "constants");
  const values = treeLeaves(constants);
  const graph = compiled(() =>
    withSymbolicAxes({
      name,
      traced: ([batch]) => {
        const x = new ArraySpec([batch as number, ...input.shape], DType.Float32);
        return trace(f, [specsOf(constants), x] as never, name).jaxpr;
      },
      lowered: (jaxpr) =>
        lower(jaxpr, {
          name,
          inputNames: [...paths, input.name],
          outputNames: outputs,
          fixed: new Set(paths),
          target,
        }),
      symbols: [{ name: "batch", input: input.name, axis: 0 }],
    }),
  );
  return withConstants(graph, new Map(paths.map((path, i) => [path, nth(values, i)])));
}
