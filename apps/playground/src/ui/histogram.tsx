type HistogramProps = Readonly<{
  name: string;
  bars: readonly number[];
  /** Heights between which equal bars would lie. */
  band?: readonly [low: number, high: number];
}>;

/** Bars from the left to the right, the tallest as high as the line. */
export function Histogram({ name, bars, band }: HistogramProps) {
  if (bars.length === 0) return null;
  const tallest = Math.max(...bars, band?.[1] ?? 1);
  return (
    <svg class="histogram" viewBox={`0 0 ${bars.length} 1`} preserveAspectRatio="none" role="img">
      <title>Histogram of {name}</title>
      {bars.map((rows, i) => (
        <rect key={i} x={i + 0.06} width={0.88} y={1 - rows / tallest} height={rows / tallest} />
      ))}
      {band && (
        <rect
          class="band"
          width={bars.length}
          y={1 - band[1] / tallest}
          height={(band[1] - band[0]) / tallest}
        />
      )}
    </svg>
  );
}
