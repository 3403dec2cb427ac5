export type ScheduleOptions = {
  /** Peak step size. */
  peak: number;
  /** Steps of the whole run: the rate is 0 after the last. */
  steps: number;
  /** Steps of linear warm-up. Default 0. */
  warmup?: number;
};

/**
 * Step size at step t = 0, 1, …: linear warm-up, then half a cosine from the peak to 0 over the rest
 * of the whole run. Source: Loshchilov and Hutter 2017 (arXiv:1608.03983), without restarts.
 */
export function cosineSchedule({ peak, steps, warmup = 0 }: ScheduleOptions): (t: number) => number {
  return (t) => {
    if (t < warmup) return (peak * (t + 1)) / warmup;
    const progress = Math.min((t - warmup) / Math.max(steps - warmup, 1), 1);
    return peak * 0.5 * (1 + Math.cos(Math.PI * progress));
  };
}
