import type { Jaxpr } from "@jax-js/jax";
import { type Equation, isLiteral, paramsOf, prepare, sizeOf } from "./lower/jaxpr.js";

const shapeOf = (atom: Equation["inputs"][number]): readonly number[] =>
  isLiteral(atom) ? [] : atom.aval.shape;

/**
 * Floating-point operations of the matrix products and convolutions of a program: 2 for every
 * multiplication and the addition that follows it. Elementwise work is not counted: what remains is
 * the floor that no implementation of the same program at the machine's matrix rate can pass.
 */
export function countFlops(jaxpr: Jaxpr): number {
  let flops = 0;
  for (const eqn of prepare(jaxpr).eqns) {
    const out = eqn.outBinders[0]?.aval.shape ?? [];
    if (eqn.primitive === "dot") {
      const [a, b] = eqn.inputs.map(shapeOf) as [readonly number[], readonly number[]];
      const contracted = Math.max(a[a.length - 1] ?? 1, b[b.length - 1] ?? 1);
      flops += 2 * sizeOf(out) * contracted;
    } else if (eqn.primitive === "conv") {
      const kernel = shapeOf(eqn.inputs[1] as Equation["inputs"][number]);
      const { vmapDims = 0 } = paramsOf<{ vmapDims?: number }>(eqn);
      flops += 2 * sizeOf(out) * sizeOf(kernel.slice(vmapDims + 1)); // [.., out, in, k…] -> in · k…
    }
  }
  return flops;
}
