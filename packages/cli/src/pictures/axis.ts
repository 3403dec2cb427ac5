/** Where an axis has its marks, and how these are written. */
export type Ticks = Readonly<{ values: readonly number[]; label(value: number): string }>;

/** About `count` round numbers from `low` to `high`: steps of 1, 2 or 5 times a power of ten. */
export function roundTicks(low: number, high: number, count: number): Ticks {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power;
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return {
    values: Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => (first + i) * step),
    label: (value) =>
      value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }),
  };
}
