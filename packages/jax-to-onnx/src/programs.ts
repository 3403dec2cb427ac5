import type { numpy as np } from "@jax-js/jax";
import { unsupported } from "./context.js";
import { type Equation, paramsOf } from "./jaxpr.js";
import { cholesky, lu, triangularSolve } from "./programs/factorizations.js";
import { fft } from "./programs/fourier.js";

type Program = (...inputs: [np.Array, np.Array]) => np.Array[];

/** Most rows or columns of a factorization, which has nodes for each of them. */
const MOST_ROWS = 32;

/** A program that has nodes for every row of its first argument. */
const rowByRow =
  (program: Program): ((eqn: Equation) => Program) =>
  (eqn) => {
    const rows = Math.max(...(eqn.inputs[0]?.aval.shape.slice(-2) ?? []));
    if (rows > MOST_ROWS)
      throw unsupported(
        eqn,
        `ONNX has no loop of this kind; it is written out for at most ${MOST_ROWS} rows`,
      );
    return program;
  };

/** Why a primitive is refused. */
export const refusals: Readonly<Record<string, string>> = {
  jacobi_eigh: "it sweeps until convergence, and the number of sweeps depends on the data",
};

/** Primitives without an operator of ONNX, as programs of others for the arrays of an equation. */
export const programs: Readonly<Record<string, (eqn: Equation) => Program>> = {
  cholesky: rowByRow(cholesky),
  lu: rowByRow(lu),
  triangular_solve: (eqn) => rowByRow((a, b) => triangularSolve(a, b, paramsOf(eqn)))(eqn),
  fft: (eqn) => (re, im) => fft(re, im, paramsOf(eqn)),
};
