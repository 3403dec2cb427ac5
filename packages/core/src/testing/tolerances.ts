/**
 * Every tolerance of the laws, with its reason. A looser number is a change to be reviewed.
 * Errors are relative to the largest entry of what is compared, and at least to 1.
 */
export const lawTolerances = {
  roundTrip64: {
    value: 1e-9,
    reason: "the method's promise; rounding in float64 leaves 1e-13 with margin for condition 1e3",
  },
  roundTrip32: { value: 1e-4, reason: "the method's promise in float32, for layers of condition 1" },
  contribution: { value: 1e-8, reason: "the method's promise; the Jacobian is exact, LU loses a few digits" },
  plain: {
    value: 1e-5,
    reason:
      "the method's promise for deterministic mode in float32: two rotations and a scale against one product",
  },
  closedForm64: { value: 1e-10, reason: "two float64 evaluations of one formula" },
  gradient: {
    value: 1e-6,
    reason: "the method's promise; central differences in float64 at step 1e-5 are good to 1e-9",
  },
  jit: { value: 2e-5, reason: "float32: fused kernels sum in another order" },
  start: {
    value: 1e-4,
    reason: "sums of float32 products in another order; principal directions of well separated variances",
  },
} as const;

export type LawTolerance = keyof typeof lawTolerances;
