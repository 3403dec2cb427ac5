import { drawChart } from "../pictures/chart.js";
import { numbers } from "../pictures/series.js";
import { seriesColor } from "../pictures/theme.js";
import { valueAt } from "../places.js";
import { likeliest, meanOf, weightsOf } from "../statistics.js";

const BINS = 10;

/** Images whose likeliest class has about the same probability: how many, that probability in the mean, and the share that is right. */
type CalibrationBin = Readonly<{ count: number; probability: number; right: number }>;

/** How often the likeliest class is the label, and how far its probability is from that. */
export type Classified = Readonly<{
  right: number;
  of: number;
  /** Σ_bins (images there / all) |probability − share right|, the expected calibration error. */
  calibrationError: number;
  bins: readonly CalibrationBin[];
}>;

/**
 * Judges p(c | x) = p(x | c) / Σ p(x | c′), all classes alike, by the labels of images.
 *
 * Source: Guo et al. 2017, On calibration of modern neural networks (arXiv:1706.04599).
 *
 * @param logs log p(x | c), for each class a number an image
 */
export function judgeClasses(logs: readonly Float64Array[], labels: ArrayLike<number>): Classified {
  const found = Array.from({ length: labels.length }, (_, i) => {
    const weights = weightsOf(logs.map((own) => valueAt(own, i)));
    const label = likeliest(weights);
    const probability = valueAt(weights, label) / weights.reduce((sum, weight) => sum + weight, 0);
    return { probability, isRight: Number(label === labels[i]) };
  });
  const groups = Array.from({ length: BINS }, (_, bin) =>
    found.filter(({ probability }) => Math.min(Math.floor(probability * BINS), BINS - 1) === bin),
  );
  const bins = groups
    .filter(({ length }) => length > 0)
    .map((group) => ({
      count: group.length,
      probability: meanOf(group.map(({ probability }) => probability)),
      right: meanOf(group.map(({ isRight }) => isRight)),
    }));
  const calibrationError = bins.reduce(
    (sum, { count, probability, right }) => sum + (count / found.length) * Math.abs(probability - right),
    0,
  );
  const right = found.reduce((sum, { isRight }) => sum + isRight, 0);
  return { right, of: found.length, calibrationError, bins };
}

const SIDE = 360;

/** The share of images that are right over the probability of their likeliest class, beside the diagonal, as SVG. */
export const calibrationChart = (title: string, { bins }: Classified): Promise<string> =>
  drawChart(
    {
      width: SIDE,
      height: SIDE,
      layer: [
        {
          data: { values: [0, 1].map((at) => ({ probability: at, right: at })) },
          mark: { type: "line", strokeDash: [4, 4], strokeWidth: 1.2, color: seriesColor(1) },
          encoding: {
            x: numbers("probability", "probability of the likeliest class", [0, 1], { tickCount: 5 }),
            y: numbers("right", "share that is right", [0, 1], { tickCount: 5 }),
          },
        },
        {
          data: { values: bins.map((bin) => ({ ...bin })) },
          mark: { type: "circle", opacity: 1, color: seriesColor(0) },
          encoding: {
            x: { field: "probability", type: "quantitative" },
            y: { field: "right", type: "quantitative" },
            size: {
              field: "count",
              type: "quantitative",
              title: "images",
              scale: { rangeMin: 30, rangeMax: 300 },
              legend: { tickCount: 3, format: "d" },
            },
          },
        },
      ],
    },
    { title },
  );
