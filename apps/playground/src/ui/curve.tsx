import { type ReadonlySignal, untracked } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { type CurveData, curveData } from "./curve-data.js";
import { drawInFrameQueue } from "./frame-queue.js";
import { palette } from "./palette.js";
import type { Curve as RunCurve } from "./run.js";

const HEIGHT = 220;

function makePlot(place: HTMLElement, data: CurveData): uPlot {
  const { muted, exact, bound, ink, line } = palette.value;
  const axis = {
    stroke: ink.css,
    grid: { stroke: line.css, width: 1 },
    ticks: { stroke: line.css, width: 1 },
  };
  const series = { spanGaps: true, points: { show: false } };
  return new uPlot(
    {
      width: place.clientWidth,
      height: HEIGHT,
      scales: { x: { time: false } },
      axes: [axis, { ...axis, size: 56 }],
      legend: { live: false },
      cursor: { show: false },
      series: [
        { label: "step" },
        { ...series, label: "batch", stroke: muted.css, width: 1 },
        { ...series, label: "held out", stroke: exact.css, width: 2 },
        { label: "best", stroke: bound.css, width: 2, points: { show: true, size: 9, width: 2 } },
      ],
    },
    data as unknown as uPlot.AlignedData,
    place,
  );
}

/** log p over the steps of a run, for its batches and for held-out examples. */
export function Curve({ label, curve }: { label: string; curve: ReadonlySignal<RunCurve> }) {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const place = ref.current;
    if (!place) return;
    let plot: uPlot | undefined;
    const data = (): CurveData => curveData(curve.value);
    const endings = [
      // created again when the colours change, updated when the data change
      drawInFrameQueue(() => {
        plot?.destroy();
        plot = makePlot(place, untracked(data));
      }),
      drawInFrameQueue(() => plot?.setData(data() as unknown as uPlot.AlignedData)),
    ];
    const observer = new ResizeObserver(([entry]) => {
      if (entry && entry.contentRect.width > 0)
        plot?.setSize({ width: entry.contentRect.width, height: HEIGHT });
    });
    observer.observe(place);
    return () => {
      for (const end of endings) end();
      observer.disconnect();
      plot?.destroy();
    };
  }, [curve]);
  const style = { minHeight: `${HEIGHT + 32}px`, overflow: "hidden" };
  return <div ref={ref} role="img" aria-label={label} style={style} />;
}
