/** A number with a typographic minus sign and fixed decimals; a dash for no number. */
export const decimals = (value: number | undefined, digits: number): string =>
  value === undefined ? "–" : Number.isFinite(value) ? value.toFixed(digits).replace("-", "−") : "not finite";
