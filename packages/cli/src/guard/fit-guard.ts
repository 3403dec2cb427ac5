import { type Executor, UsageError } from "@flowify/core";
import { makeRng, sizeOf } from "@flowify/core/layer";
import { CLOSE } from "@flowify/onnx";
import { auroc } from "../auroc.js";
import {
  arrayColumns,
  type DetectorOptions,
  fitDetector,
  type OpenDetector,
  openDetector,
} from "../detect/detector.js";
import { neighbourDistances } from "../detect/knn.js";
import { lastOf, valueAt } from "../places.js";
import { meanOf, quantile } from "../statistics.js";
import { quoted } from "../ui/format.js";
import { corrupted } from "./corruptions.js";
import { drawn, type Examples } from "./examples.js";
import { type Features, featureChoices, featureRows } from "./features.js";
import type { Judged } from "./graph.js";
import {
  type Activations,
  activationsOf,
  classesOf,
  differencesAlone,
  openNetwork,
  openTapped,
  type Subject,
  type TappedNetwork,
} from "./network.js";
import { heldOf } from "./smooth-p.js";
import { candidates, type Tap, tapOf } from "./taps.js";
import { differing } from "./verify.js";

/** Examples that a guard is fitted to, and held-out ones that it is calibrated by, at most. */
const EXAMPLES = { fitted: 10_000, calibrated: 5_000 } as const;

/** Examples of which unusual ones are made, after those that they are compared with. */
const CORRUPTED = { from: 2000, count: 500, part: 1 / 4 } as const;

/** Fewest examples to calibrate by, and fewest of a class to calibrate it for itself. */
const FEWEST = { all: 100, each: 200 } as const;

/** Outputs that may be classes. */
const MOST_CLASSES = 200;

export type GuardOptions = Readonly<{
  /** Values to look at. Default: those that tell corrupted examples best. */
  at?: readonly string[] | undefined;
  /** Examples to calibrate by. Default: a third of the training examples, held out. */
  calibration?: Examples | undefined;
  say(line: string): void;
}> &
  Required<Pick<DetectorOptions, "seed">> &
  Pick<DetectorOptions, "steps" | "signal">;

/** How well features tell corrupted examples: AUROC by corruption. */
type Trial = Readonly<{ features: string; aurocs: Readonly<Record<string, number>>; mean: number }>;

/** A fitted guard, and how it was found. */
export type FittedGuard = Judged &
  Readonly<{
    trials: readonly Trial[];
    fitted: number;
    /** Share of the examples whose label is the largest output; undefined without labels. */
    accuracy?: number | undefined;
  }>;

/** The values of a file that can be looked at, with the sizes that they have. */
async function tapsOf(
  subject: Subject,
  examples: Examples,
  at: readonly string[] | undefined,
): Promise<Tap[]> {
  const { given, example } = subject;
  for (const name of at ?? []) given.expectValue(name);
  const stations =
    at?.map(
      (name) =>
        given.line.find((each) => each.name === name) ?? {
          name,
          op: "?",
          isMoved: false,
          isRead: true,
          isSpatial: false,
        },
    ) ?? candidates(given);
  const inner = stations.map(({ name }) => name).filter((name) => name !== given.input.name);
  const shown = inner.filter((name) => !given.outputs.some((each) => each.name === name));
  const input = await examples.toInput(examples.plain(drawn(examples.count, PROBED, 0)));
  const network = await openNetwork(subject, given.showing(shown));
  const original = await openNetwork(subject, given.showing([]));
  try {
    const found = await network.all(input);
    const changes = differing(await original.all(input), found) !== undefined;
    const few = input.subarray(0, ALONE * sizeOf(example));
    const alone = await differencesAlone(network, few, ALONE, found);
    const isMixed = (name: string): boolean => (alone.get(name) ?? 0) > CLOSE;
    const first = [valueAt(given.outputs, 0).name, ...(at ?? [])].find(isMixed);
    if (first !== undefined)
      throw new UsageError(
        `${JSON.stringify(first)} of an example depends on the others of its batch, or on chance\nexport the network with the batch as first axis, for inference`,
      );
    return stations.flatMap((station) => {
      // ONNX Runtime joins operators where nothing else reads what is between them
      if ((!at && changes && shown.includes(station.name)) || isMixed(station.name)) return [];
      const value = station.name === given.input.name ? { data: input, shape: example } : found[station.name];
      if (at) return [tapOf(station, value)];
      try {
        return [tapOf(station, value)];
      } catch (error) {
        if (error instanceof UsageError) return []; // another value will do
        throw error;
      }
    });
  } finally {
    await network.dispose();
    await original.dispose();
  }
}

/** Examples by which the sizes of values are found, and of these run alone. */
const PROBED = 150;
const ALONE = 3;

/**
 * Fits a guard of a network: features of some of its values, a detector of unusual rows of them, and held-out scores.
 *
 * @throws UsageError for too few examples, and for values that cannot be used
 */
export async function fitGuard(
  executor: Executor,
  subject: Subject,
  training: Examples,
  { at, calibration, say, ...options }: GuardOptions,
): Promise<FittedGuard> {
  const { fit, held, from } = split(training, calibration, options.seed);
  const taps = await tapsOf(subject, training, at);
  if (taps.length === 0)
    throw new UsageError(
      "none of its values has a row of numbers for each example\nexport the network with a batch axis",
    );
  const network = await openTapped(subject, taps);
  try {
    const seen = await activationsOf(network, training, fit);
    say(`${seen.count} examples through the network`);
    const choices = featureChoices(taps, seen.taps);
    if (choices.length === 0)
      throw new UsageError(
        `${quoted(taps.map(({ name }) => name))}: the same for all examples\nname other values with --at, or check --normalize`,
      );
    const joined = lastOf(choices);
    const trials = at ? [] : await compared(executor, network, training, fit, seen, choices, options, say);
    const [best] = trials.toSorted((a, b) => b.mean - a.mean);
    const features = choices.find(({ name }) => name === best?.features) ?? joined;
    const rows = featureRows(features, seen.taps);
    const least = leastDeviations(features, rows, seen, options.seed);
    const form = { form: "network", least } as const;
    const detector = await fitDetector(executor, rows, arrayColumns(features.width), { ...form, ...options });
    const calibrated = await activationsOf(network, from, held);
    const open = await openDetector(executor, detector);
    const { combination: scores } = await open.score(featureRows(features, calibrated.taps), ["combination"]);
    const rounding = await roundingOf(open, movedRows(features, calibrated, options.seed), scores);
    return {
      features,
      taps,
      detector,
      open,
      trials,
      fitted: seen.count,
      held: heldGroups(scores, calibrated, network.outputs).map((each) => heldOf(each, rounding)),
      accuracy: accuracyOf(seen, training, fit),
    };
  } finally {
    await network.dispose();
  }
}

/** Which examples a guard is fitted to, and by which it is calibrated. */
function split(training: Examples, calibration: Examples | undefined, seed: number) {
  const all = drawn(training.count, EXAMPLES.fitted + EXAMPLES.calibrated, seed);
  const third = Math.floor(all.length / 3);
  const fit = calibration ? all.subarray(0, EXAMPLES.fitted) : all.subarray(third);
  const from = calibration ?? training;
  const held = calibration ? drawn(calibration.count, EXAMPLES.calibrated, seed) : all.subarray(0, third);
  if (held.length < FEWEST.all)
    throw new UsageError(
      `${held.length} examples to calibrate by, expected ${FEWEST.all} at least\n${calibration ? "name more with --calibrate" : `add data: a third of ${training.name} is held out`}`,
    );
  return { fit, held, from };
}

/** The AUROC of distances to the nearest of some training rows: what features are worth before a detector is fitted. */
async function compared(
  executor: Executor,
  network: TappedNetwork,
  training: Examples,
  fit: Uint32Array,
  seen: Activations,
  choices: readonly Features[],
  options: DetectorOptions,
  say: (line: string) => void,
): Promise<Trial[]> {
  const count = Math.min(CORRUPTED.count, Math.floor(fit.length * CORRUPTED.part));
  const from = Math.min(CORRUPTED.from, fit.length - count);
  const numbers = training.plain(fit.subarray(from, from + count));
  const made = new Map<string, Activations>();
  for (const [name, each] of corrupted({ ...training, numbers }, options.seed ?? 0))
    made.set(name, await network.run(await training.toInput(each)));
  const trials: Trial[] = [];
  for (const features of choices) {
    const { name, width } = features;
    const own = featureRows(features, seen.taps);
    const near = own.subarray(0, from * width);
    const distances = (rows: Float32Array) => neighbourDistances(executor, near, rows, width);
    const usual = await distances(own.subarray(from * width, (from + count) * width));
    const aurocs: { [corruption: string]: number } = {};
    for (const [kind, { taps }] of made)
      aurocs[kind] = auroc(usual, await distances(featureRows(features, taps)));
    const mean = meanOf(Object.values(aurocs));
    say(`${name}: AUROC ${mean.toFixed(4)} on corrupted examples`);
    trials.push({ features: name, aurocs, mean });
  }
  return trials;
}

/**
 * What activations may differ by between engines, as a part of the largest of a row; examples that are tried; and the most that
 * features may then differ by, in deviations.
 */
const ROUNDING = { part: 5e-6, examples: 1000, features: 1e-4 } as const;

/** Features of the first examples, of activations that change as they do between engines. */
function movedRows(features: Features, { taps, count }: Activations, seed: number): Float32Array {
  const rng = makeRng(seed);
  const some = Math.min(count, ROUNDING.examples);
  const moved = taps.map((rows) => {
    const width = rows.length / count;
    const largest = Float64Array.from({ length: some }, (_, i) =>
      rows.subarray(i * width, (i + 1) * width).reduce((most, value) => Math.max(most, Math.abs(value)), 0),
    );
    return rows
      .subarray(0, some * width)
      .map((v, at) => v + ROUNDING.part * valueAt(largest, Math.floor(at / width)) * (2 * rng.uniform() - 1));
  });
  return featureRows(features, moved);
}

/** Deviations at which rounding moves no feature by more than a small part of one. */
function leastDeviations(
  features: Features,
  rows: Float32Array,
  seen: Activations,
  seed: number,
): Float64Array {
  const { width } = features;
  const most = new Float64Array(width);
  movedRows(features, seen, seed).forEach((value, at) => {
    most[at % width] = Math.max(valueAt(most, at % width), Math.abs(value - valueAt(rows, at)));
  });
  return most.map((each) => each / ROUNDING.features);
}

/** The change of a score, exceeded by one in a hundred, where activations change as they do between engines. */
async function roundingOf(open: OpenDetector, moved: Float32Array, scores: Float64Array): Promise<number> {
  const { combination: found } = await open.score(moved, ["combination"]);
  return quantile(found.map((score, i) => Math.abs(score - (scores[i] ?? 0))).sort(), 0.99);
}

/** The scores of each class, where the outputs are classes and each has enough of them; else all. */
function heldGroups(scores: Float64Array, { output, count }: Activations, outputs: number): Float64Array[] {
  if (!output || outputs < 2 || outputs > MOST_CLASSES || output.length !== count * outputs) return [scores];
  const classes = classesOf(output, outputs);
  const groups = Array.from({ length: outputs }, (_, own) => scores.filter((_, i) => classes[i] === own));
  return groups.every(({ length }) => length >= FEWEST.each) ? groups : [scores];
}

function accuracyOf(
  { output, count }: Activations,
  { labels, classes }: Examples,
  places: Uint32Array,
): number | undefined {
  if (!labels || !output || (classes && classes.length !== output.length / count)) return undefined;
  const found = classesOf(output, output.length / count);
  return found.filter((each, i) => each === labels[valueAt(places, i)]).length / count;
}
