import { ortCpu, type Target } from "../src/target.js";

/** Every pass at every size, for tests: no array is too small for it, and nothing costs anything. */
export const aggressive: Target = {
  ...ortCpu,
  name: "aggressive",
  narrow: { axis: Number.POSITIVE_INFINITY, size: 0 },
  sums: { size: 0, row: 0, mostRows: 8 },
  extremes: { rows: 64, size: 0 },
  convolutions: { ...ortCpu.convolutions, gather: 0, write: 0 },
  mostSlices: 2,
  products: { stacked: 0 },
  transposes: { ...ortCpu.transposes, node: 0 },
  kernels: 0,
};
