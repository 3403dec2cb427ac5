import type { FlowModel } from "@flowify/core";
import { type DataSet, describeImages, examplesOf, spread } from "../data/image-set.js";
import { calibrationOf, conformalP } from "../detect/calibration.js";
import { mahalanobis } from "../mahalanobis.js";
import { valueAt } from "../places.js";
import { imagesFor, type SavedRun } from "../runs/open-run.js";
import { meanAndSpread } from "../statistics.js";
import type { Terminal } from "../ui/terminal.js";
import { scoresOf } from "./over-classes.js";
import { FALSE_ALARMS, type Judge, reachable } from "./score-threshold.js";

/** Lines of a ledger that differ by less than this part of their size are the same for all examples. */
const CONSTANT = 1e-5;

/**
 * How unusual the ledger of an example is: its squared distance from the mean ledger of training examples, in the covariance of
 * these. The sum of a ledger is log p, so the distance is at least the squared deviation of log p in standard deviations, in either direction.
 * A flat image may have an ordinary log p, as a sum of contributions that are not.
 *
 * @param typical ledgers of training examples [n, lines], in nats
 * @returns a function of further ledgers [m, lines]; NaN or ∞ where there is no finite likelihood
 *
 * Source: Morningstar et al. 2021, "Density of States Estimation for Out-of-Distribution Detection" (arXiv:2006.09273), with the
 * contributions of layers as statistics and one Gaussian as their density.
 */
export function ledgerDistance(
  typical: Float32Array,
  lines: number,
): (ledgers: Float32Array) => Float64Array {
  const column = (line: number): Float32Array =>
    Float32Array.from({ length: typical.length / lines }, (_, i) => valueAt(typical, i * lines + line));
  const scales = Array.from({ length: lines }, (_, line) => ({
    line,
    ...meanAndSpread(column(line)),
  })).filter(({ mean, std }) => std > CONSTANT * (1 + Math.abs(mean)));
  const width = scales.length;
  if (width === 0) return (ledgers) => new Float64Array(ledgers.length / lines);
  const scaled = (ledgers: Float32Array): Float32Array =>
    Float32Array.from({ length: (ledgers.length / lines) * width }, (_, at) => {
      const { line, mean, std } = valueAt(scales, at % width);
      return (valueAt(ledgers, Math.floor(at / width) * lines + line) - mean) / std;
    });
  const distance = mahalanobis({ rows: scaled(typical), width });
  return (ledgers) => distance(scaled(ledgers));
}

/**
 * At most so many training images say which ledgers are usual, and so many test images have the distances that others are ranked among: of
 * 2,000, a share of 0.01 is kept to ± 0.002.
 */
const COMPARED = { train: 1000, test: 2000 } as const;

/** Ledgers of the examples of a set [n, lines], in nats. */
async function ledgersOf(
  model: FlowModel,
  set: DataSet,
  options: Readonly<{ samples: number; seed: number }>,
): Promise<Float32Array> {
  const lines = model.flow.ledgerLines.length;
  const all = new Float32Array(set.count * lines);
  let done = 0;
  for await (const { ledger } of scoresOf(model, [examplesOf(set)], options)) {
    all.set(ledger, done);
    done += ledger.length;
  }
  return all;
}

/** The p-value of an image by its ledger, among those of test images of the run, and 1 where it is flagged. */
export async function ledgerJudge(
  model: FlowModel,
  run: SavedRun,
  options: Readonly<{ samples: number; seed: number; falseAlarms?: number }>,
  terminal: Pick<Terminal, "note" | "warn">,
): Promise<Judge> {
  const of = async (split: "train" | "test"): Promise<Float32Array> => {
    const all = await imagesFor(run, { split });
    const set = spread(all, Math.min(COMPARED[split], all.count), "--limit");
    terminal.note(`scoring ${describeImages(set)}, to compare with`);
    return ledgersOf(model, set, options);
  };
  const distance = ledgerDistance(await of("train"), model.flow.ledgerLines.length);
  const calibration = calibrationOf(run.step, distance(await of("test")));
  const most = reachable(calibration, options.falseAlarms ?? FALSE_ALARMS, terminal);
  return (_, ledger) => {
    const p = conformalP(calibration, valueAt(distance(ledger), 0));
    return [p, Number(p <= most)];
  };
}
