/** A number with a true minus sign and fixed decimals; a dash where there is none. */
export const decimals = (value: number | undefined, digits: number): string =>
  value === undefined ? "–" : Number.isFinite(value) ? value.toFixed(digits).replace("-", "−") : "not finite";
