import { type Executor, type FlowModel, HostArray, UsageError } from "@flowify/core";
import { numpy as np } from "@jax-js/jax";
import { type DataSet, describeImages, examplesOf, spread } from "../data/image-set.js";
import { type RowFunction, rowProgram } from "../detect/batches.js";
import { type Calibration, calibrationOf, judgeProgram } from "../detect/calibration.js";
import { gaussiansOf } from "../mahalanobis.js";
import { valueAt } from "../places.js";
import { imagesFor, type SavedRun } from "../runs/open-run.js";
import { meanAndSpread } from "../statistics.js";
import type { Terminal } from "../ui/terminal.js";
import { scoresOf } from "./over-classes.js";
import { FALSE_ALARMS, type Judge, judged, reachable } from "./score-threshold.js";

/** Lines of a ledger that differ by less than this part of their size are the same for all examples. */
const CONSTANT = 1e-5;

/**
 * How unusual the ledger of an example is: its squared distance from the mean ledger of training examples, in the covariance of
 * these. The sum of a ledger is log p, so the distance is at least the squared deviation of log p in standard deviations, in either direction.
 * A flat image may have an ordinary log p, as a sum of contributions that are not.
 *
 * @param typical ledgers of training examples [n, lines], in nats
 * @returns a function of further ledgers [m, lines] that computes `distance` [m]; NaN or ∞ where there is no finite likelihood
 *
 * Source: Morningstar et al. 2021, "Density of States Estimation for Out-of-Distribution Detection" (arXiv:2006.09273), with the
 * contributions of layers as statistics and one Gaussian as their density.
 */
export function ledgerDistance(typical: Float32Array, lines: number): RowFunction {
  const count = typical.length / lines;
  const columns = Array.from({ length: lines }, (_, line) =>
    meanAndSpread(Float32Array.from({ length: count }, (_row, i) => valueAt(typical, i * lines + line))),
  );
  const varying = [...columns.keys()].filter((line) => {
    const { mean, std } = valueAt(columns, line);
    return std > CONSTANT * (1 + Math.abs(mean));
  });
  const width = varying.length;
  const scaled = Float32Array.from({ length: count * width }, (_, at) => {
    const line = valueAt(varying, at % width);
    const { mean, std } = valueAt(columns, line);
    return (valueAt(typical, Math.floor(at / width) * lines + line) - mean) / std;
  });
  // lines that are the same for all weigh nothing
  const whitening = new Float32Array(lines * Math.max(width, 1));
  if (width > 0) {
    const gaussian = gaussiansOf({ rows: scaled, width });
    for (const [i, line] of varying.entries())
      whitening.set(
        gaussian.whitening.getRow(i).map((weight) => weight / valueAt(columns, line).std),
        line * width,
      );
  }
  const array = (data: Float32Array, shape: number[]) => new HostArray(data, shape, np.float32);
  return {
    constants: {
      center: array(
        Float32Array.from(columns, ({ mean }) => mean),
        [1, lines],
      ),
      whitening: array(whitening, [lines, Math.max(width, 1)]),
    },
    f: (own: Readonly<{ center: np.Array; whitening: np.Array }>, ledger) => ({
      distance: np.sum(np.square(np.matmul(ledger.sub(own.center), own.whitening)), 1),
    }),
  };
}

/** What `ledgerDistance` computes, compiled for ledgers [n, lines] of any number. */
export function distancesBy(
  executor: Executor,
  program: RowFunction,
  lines: number,
): (ledgers: Float32Array) => Promise<Float32Array> {
  const { run } = rowProgram(executor, program, lines, "ledger-distance");
  return async (ledgers) => (await run(ledgers)).distance ?? new Float32Array();
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

/** How far ledgers are from usual ones, and the distances of test images of the run, by which others are judged. */
async function calibratedLedgers(
  model: FlowModel,
  run: SavedRun,
  options: Readonly<{ samples: number; seed: number }>,
  terminal: Pick<Terminal, "note">,
): Promise<
  Readonly<{ program: RowFunction; calibration: Calibration; distances: ReturnType<typeof distancesBy> }>
> {
  const lines = model.flow.ledgerLines.length;
  const of = async (split: "train" | "test"): Promise<Float32Array> => {
    const all = await imagesFor(run, { split });
    const set = spread(all, Math.min(COMPARED[split], all.count), "--limit");
    terminal.note(`scoring ${describeImages(set)}, to compare with`);
    return ledgersOf(model, set, options);
  };
  const program = ledgerDistance(await of("train"), lines);
  const distances = distancesBy(model.executor, program, lines);
  const calibration = calibrationOf(run.step, await distances(await of("test")));
  return { program, distances, calibration };
}

/** The p-values of images by their ledgers, among those of test images of the run, and 1 where one is flagged. */
export async function ledgerJudge(
  model: FlowModel,
  run: SavedRun,
  options: Readonly<{ samples: number; seed: number; falseAlarms?: number }>,
  terminal: Pick<Terminal, "note" | "warn">,
): Promise<Judge> {
  const { distances, calibration } = await calibratedLedgers(model, run, options, terminal);
  const most = reachable(calibration, options.falseAlarms ?? FALSE_ALARMS, terminal);
  return async (_, ledgers) => judged(calibration, await distances(ledgers), most);
}

/**
 * The same judge as a function of ledgers, for the exported graph of log p.
 *
 * @throws UsageError where p-values are those of a mixture of classes, which no single ledger has
 */
export async function ledgerVerdict(
  model: FlowModel,
  run: SavedRun,
  falseAlarms: number,
  terminal: Pick<Terminal, "note" | "warn">,
) {
  if (model.flow.condition)
    throw new UsageError(
      "--false-alarms: the exported graph takes the class of an image, its p-value is for all classes\nleave --false-alarms out",
    );
  const { program, calibration } = await calibratedLedgers(model, run, { samples: 1, seed: 0 }, terminal);
  const { constants, f } = judgeProgram(program, calibration, reachable(calibration, falseAlarms, terminal));
  const outputs = [
    { name: "distance", meaning: "squared distance of the ledger from those of training images" },
    { name: "p_value", meaning: "share of test images that are at least as far" },
    { name: "flag", meaning: `1 where p_value is at most ${falseAlarms}, else 0` },
  ];
  return { constants, f, outputs };
}
