/** One training step: `size` is what its sweep varies. Times are medians in milliseconds. */
export type ScalingPoint = {
  size: number;
  stepMs: number;
  /** g between these very steps. */
  gMs: number;
  /** The step in one unit for all, the smallest g of the run: on a shared machine g differs from minute to minute. */
  stepPerG: number;
  /** What the counted operations take at the rate of g, in g. */
  floorPerG: number;
};

export type Sweep = { name: string; what: string; points: ScalingPoint[] };
