import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { palette } from "./palette.js";

/** x ascending; undefined values are gaps. */
export type CurveData = readonly [x: number[], ...series: (number | undefined)[][]];

type CurveProps = {
  label: string;
  /** Names of the series; the last is drawn in the accent, as points joined by lines. */
  names: readonly string[];
  /** Reads signals; called again where they change. */
  data: () => CurveData;
  height: number;
};

/** Curves over steps. */
export function Curve({ label, names, data, height }: CurveProps) {
  const ref = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  useSignalEffect(() => {
    const { muted, exact, ink, line } = palette.value;
    if (!ref.current) return;
    plot.current?.destroy();
    const axis = {
      stroke: ink.css,
      grid: { stroke: line.css, width: 1 },
      ticks: { stroke: line.css, width: 1 },
    };
    plot.current = new uPlot(
      {
        width: ref.current.clientWidth,
        height,
        scales: { x: { time: false } },
        axes: [axis, { ...axis, size: 56 }],
        legend: { live: false },
        cursor: { show: false },
        series: [
          { label: "step" },
          ...names.map((name, i) => ({
            label: name,
            stroke: i === names.length - 1 ? exact.css : muted.css,
            width: i === names.length - 1 ? 2 : 1,
            spanGaps: true,
            points: { show: false },
          })),
        ],
      },
      data.call(undefined) as unknown as uPlot.AlignedData,
      ref.current,
    );
  });
  useSignalEffect(() => {
    plot.current?.setData(data() as unknown as uPlot.AlignedData);
  });
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      if (entry) plot.current?.setSize({ width: entry.contentRect.width, height });
    });
    if (ref.current) observer.observe(ref.current);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
    };
  }, [height]);
  return <div ref={ref} role="img" aria-label={label} style={{ minHeight: `${height + 32}px` }} />;
}
