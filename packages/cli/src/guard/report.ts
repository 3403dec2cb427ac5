import type { Executor } from "@flowify/core";
import { auroc } from "../auroc.js";
import { entryOf, lastOf, valueAt } from "../places.js";
import { baselinesOf, type Seen } from "./baselines.js";
import { drawn, type Examples } from "./examples.js";
import type { FittedGuard } from "./fit-guard.js";
import { activationsOf, classesOf, openNetwork, openTapped, type Subject } from "./network.js";
import { heldOut } from "./smooth-p.js";
import { candidates, lastRead } from "./taps.js";

/** Examples of each set, and training examples that baselines are fitted to. */
const MOST = { set: 10_000, training: 3000 } as const;

/** Shares of false alarms that are measured, and the standard deviations of the interval of 99 %. */
const SHARES = [0.01, 0.05] as const;
const INTERVAL = 2.576;

/** How often usual examples are flagged at a stated share, and the 99 % interval around it. */
type FalseAlarms = Readonly<{ stated: number; found: number; interval: readonly [number, number] }>;

/** AUROC, and the share of other examples that pass where 95 % of usual ones do. */
type Told = Readonly<{ auroc: number; fpr95: number }>;

export type GuardReport = Readonly<{
  usual: Readonly<{ name: string; examples: number }>;
  falseAlarms: readonly FalseAlarms[];
  /** By data set, then by score. */
  sets: Readonly<Record<string, Readonly<Record<string, Told>>>>;
}>;

/** log_prob of a data set. */
export type LogProbs = Readonly<{ name: string; values: Float32Array }>;

const told = (usual: Float64Array, other: Float64Array): Told => {
  const threshold = valueAt(Float64Array.from(usual).sort(), Math.ceil(0.95 * usual.length) - 1);
  return {
    auroc: auroc(usual, other),
    fpr95: other.filter((score) => score <= threshold).length / other.length,
  };
};

/** Calibration has its own noise: that of the held-out scores adds to that of the examples. */
const falseAlarms = (p: Float64Array, held: number): FalseAlarms[] =>
  SHARES.map((stated) => {
    const deviation = INTERVAL * Math.sqrt(stated * (1 - stated) * (1 / p.length + 1 / held));
    const found = p.filter((each) => each <= stated).length / p.length;
    return { stated, found, interval: [Math.max(0, stated - deviation), stated + deviation] };
  });

/** Training examples, usual ones to measure on, and sets of others. */
type Measured = Readonly<{ training: Examples; usual: Examples; others: readonly Examples[] }>;

/** Measures a guarded file on usual examples and on other sets, beside baselines from the same activations. */
export async function measureGuard(
  executor: Executor,
  subject: Subject,
  { guarded, fitted }: Readonly<{ guarded: Uint8Array; fitted: FittedGuard }>,
  { training, usual, others }: Measured,
): Promise<Readonly<{ report: GuardReport; logProbs: readonly LogProbs[] }>> {
  const { given } = subject;
  const at = (name: string | undefined) =>
    fitted.taps.find((tap) => tap.name === name) ?? lastOf(fitted.taps);
  const [inner, outer] = [at(lastRead(given)?.name), at(candidates(given).at(-1)?.name)];
  const network = await openTapped(subject, [inner, outer]);
  const file = await openNetwork(subject, guarded);
  try {
    const seenOf = async (examples: Examples, places: Uint32Array): Promise<Seen> => {
      const [rows, logits] = (await activationsOf(network, examples, places)).taps as [
        Float32Array,
        Float32Array,
      ];
      return { rows, width: inner.width, logits, classes: outer.width };
    };
    const fit = drawn(training.count, MOST.training, 1);
    const known = await seenOf(training, fit);
    const labels = training.labels
      ? fit.map((place) => training.labels?.[place] ?? 0)
      : classesOf(known.logits, known.classes);
    const baselines = baselinesOf(executor, known, labels);
    const logProbs: LogProbs[] = [];
    const scored = async (examples: Examples) => {
      const places = drawn(examples.count, MOST.set, 2);
      const found = await file.all(await examples.toInput(examples.plain(places)));
      const numbers = (name: string) => entryOf(found, name).data as Float32Array;
      logProbs.push({ name: examples.name, values: numbers("log_prob") });
      const seen = await seenOf(examples, places);
      const scores: { [name: string]: Float64Array } = {
        guard: Float64Array.from(numbers("p_value"), (each) => -each),
      };
      for (const [name, score] of Object.entries(baselines)) scores[name] = await score(seen);
      return scores;
    };
    const own = await scored(usual);
    const sets: { [name: string]: Record<string, Told> } = {};
    for (const each of others) {
      const found = await scored(each);
      sets[each.name] = Object.fromEntries(
        Object.entries(own).map(([score, each]) => [score, told(each, entryOf(found, score))]),
      );
    }
    const p = entryOf(own, "guard").map((score) => -score);
    const alarms = falseAlarms(p, heldOut(fitted.held));
    const report = { usual: { name: usual.name, examples: p.length }, falseAlarms: alarms, sets };
    return { report, logProbs };
  } finally {
    await network.dispose();
    await file.dispose();
  }
}
