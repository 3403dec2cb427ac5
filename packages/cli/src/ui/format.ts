/** `60,000`, the same on every machine. */
export const formatCount = (count: number): string => Math.round(count).toLocaleString("en-US");

/** `4.912 ± 0.004`; without a standard error if there is none (one example). */
export const formatBpd = (bpd: number, stdErr: number): string =>
  Number.isFinite(stdErr) ? `${bpd.toFixed(3)} ± ${stdErr.toFixed(3)}` : bpd.toFixed(3);
