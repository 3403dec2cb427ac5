import { lawTolerances } from "../src/testing/tolerances.js";

/** Every tolerance of the tests, with its reason: those of the laws, and others. A looser number is a change to be reviewed. */
const table = {
  ...lawTolerances,
  native: { value: 1e-4, reason: "float32 on two executors: other kernels, other order, other exp and log" },
  integral: { value: 1e-2, reason: "the method's promise for integrals over grids" },
  smoothIntegral: {
    value: 1e-5,
    reason: "the trapezoidal rule on a smooth density, its values in float32, its tails cut below 1e-9",
  },
  coded: {
    value: 5e-3,
    reason: "bits a coordinate, mean of six examples: the place inside of a cell, far out in a density",
  },
  orthogonality: { value: 1e-5, reason: "the method's promise for a whole training run in float32" },
} as const;

export type Tolerance = keyof typeof table;

export const tolerance = (name: Tolerance): number => table[name].value;
