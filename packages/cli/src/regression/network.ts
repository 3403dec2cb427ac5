import type { Network, NetworkLayer } from "@flowify/core";
import { permutation } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { valueAt } from "../places.js";

/** What values are: numbers with a density; with `step` those on a grid; with `classes` names, 0 to classes − 1. */
export type ValueKind = {
  /** The step between two values, 1 for whole numbers. */
  step?: number | undefined;
  /** How many classes there are. */
  classes?: number | undefined;
};

/** Bins and bound of the spline, in standard deviations of the values, and the width of the networks. */
const SPLINE = { bins: 8, bound: 5 } as const;
const HIDDEN = 64;

/** Each class has at least so many rows beside those that it has: a name that is rare, or only in later rows, is not impossible. */
const LEAST_ROWS = 0.5;

/** The spline behind asinh, which takes ten standard deviations to 3. */
const BENT_SPLINE = { ...SPLINE, bound: 3 } as const;

/** Of the range between these shares, in that between the quartiles: 3.8 of a normal distribution, 4.8 of an exponential one, 7.6 of Student's with three degrees. */
const OUTER = [0.005, 0.995] as const;
const HEAVY = 7;

/**
 * Whether some values lie so far out that their standard deviation says nothing of most of them. A flow with the tails of a normal
 * distribution is then too wide in the middle.
 */
function hasHeavyTails(values: Float32Array, step = 0): boolean {
  const sorted = values.toSorted();
  const at = (share: number): number => valueAt(sorted, Math.round(share * (sorted.length - 1)));
  const [low, high] = OUTER;
  return at(high) - at(low) > HEAVY * Math.max(at(0.75) - at(0.25), step);
}

/**
 * The conditional flow of one value: a line, then a spline, whose parameters are networks of the condition. Values on a grid are spread
 * over their cells first; of those with heavy tails the spline sees asinh. Classes have probabilities, a softmax of a network. Every
 * second one of an ensemble starts as a logistic regression: all of them would have its errors.
 */
export function regressionNetwork(
  width: number,
  { step, classes }: ValueKind,
  values: Float32Array,
  member: number,
): Network {
  if (classes !== undefined)
    return of(width, [classesLayer(classes, values.length, { hidden: HIDDEN, alone: member % 2 === 0 })]);
  const noise = noiseOf(step, values);
  const line = { kind: "conditionalAffine", hidden: HIDDEN } as const;
  const spline = { kind: "coupling", stack: 1, hidden: HIDDEN } as const;
  return of(
    width,
    hasHeavyTails(values, step)
      ? [...noise, { kind: "actnorm", bent: true }, line, { kind: "asinh" }, { ...spline, ...BENT_SPLINE }]
      : [...noise, { kind: "whiten", scaled: true }, line, { ...spline, ...SPLINE }],
  );
}

/** Names of distributions whose parameters are fitted without training. */
export const simpleNames = ["line", "shaped line", "normal scores", "alone", "logistic", "shares"] as const;
export type SimpleName = (typeof simpleNames)[number];

/**
 * What flows are mixed with. Of names: a logistic regression, and their shares. Of numbers: a Gaussian around a line; lines of mean and
 * log-scale in the columns that say something, and around them the distribution that values have (the layer `marginal`). Then the
 * same of normal scores of the values, as in a Gaussian copula, and the distribution of the values whatever is given.
 */
export function simpleNetworks(
  width: number,
  { step, classes }: ValueKind,
  values: Float32Array,
): Readonly<{ name: SimpleName; network: Network }>[] {
  if (classes !== undefined) {
    const named = (name: SimpleName, alone: boolean) => ({
      name,
      network: of(width, [classesLayer(classes, values.length, { hidden: 0, alone })]),
    });
    return [named("logistic", false), named("shares", true)];
  }
  const noise = noiseOf(step, values);
  const line = { kind: "conditionalAffine", hidden: 0 } as const;
  const shaped = [line, { kind: "marginal" }] as const;
  return [
    { name: "line", network: lineNetwork(width, noise) },
    { name: "shaped line", network: of(width, [...noise, ...shaped]) },
    { name: "normal scores", network: of(width, [...noise, { kind: "marginal" }, ...shaped]) },
    { name: "alone", network: of(width, [...noise, ...shaped]) },
  ];
}

/** A Gaussian around a line has e to at most so much as its scale. */
export const LINE_LIMIT = 80;

export const lineNetwork = (width: number, noise: readonly NetworkLayer[] = []): Network =>
  of(width, [...noise, { kind: "conditionalAffine", hidden: 0, limit: LINE_LIMIT }]);

const of = (width: number, layers: readonly NetworkLayer[]): Network => ({
  inShape: [1],
  condition: { shape: [width] },
  layers,
});

const classesLayer = (
  classes: number,
  rows: number,
  more: Readonly<{ hidden: number; alone?: boolean }>,
): NetworkLayer => ({
  kind: "conditionalClasses",
  classes,
  ...more,
  least: LEAST_ROWS / (rows + LEAST_ROWS * classes),
});

/** Spreads values on a grid over their cells. */
const noiseOf = (step: number | undefined, values: Float32Array): NetworkLayer[] =>
  step === undefined
    ? []
    : [{ kind: "dequantizeColumns", gaps: [step], origins: [values.reduce((a, b) => Math.min(a, b))] }];

/** Flows that pay, by the number of examples that each is for at most: with more, one flow says nearly all. */
const ENSEMBLES = [
  { below: 2000, flows: 5 },
  { below: 20_000, flows: 3 },
] as const;
/** Examples from which on batches are larger. */
const MANY = 2000;

/** Share of the examples that each flow holds out. */
const VALIDATION = 0.1;
/** The stream of random numbers that splits are drawn from. */
const SPLIT_STREAM = 1;

/** Steps of a flow, whatever the number of examples, and passes over them. */
const STEPS = { least: 4000, most: 20_000 } as const;
const EPOCHS = 60;
/** Measurements of the held-out examples, and how many in a row without a better one end the training. */
const MEASUREMENTS = 80;
/** Fewest steps between two of them. */
const EVERY = 20;
const PATIENCE = 12;

/** Blocks of examples that a flow holds out: the next flow begins one block later, and shares the others. */
const HELD_BLOCKS = 2;
const BLOCKS = HELD_BLOCKS / VALIDATION;

/**
 * Which examples a flow of an ensemble trains on, and which it holds out: blocks of them in random order, or of a series
 * stretches, the last ones first. `shared` are those that the next flow holds out as well.
 */
export function splitOf(
  count: number,
  { member, seed, ordered }: Readonly<{ member: number; seed: number; ordered: boolean }>,
): Readonly<Record<"train" | "held" | "shared", Uint32Array>> {
  const order = ordered
    ? Uint32Array.from({ length: count }, (_, place) => count - 1 - place)
    : permutation(makeRng(seed, SPLIT_STREAM), count);
  const first = member % BLOCKS;
  const among = (from: number, to: number): Uint32Array =>
    order
      .filter((_, i) => {
        const block = (Math.floor((i * BLOCKS) / count) - first + BLOCKS) % BLOCKS;
        return block >= from && block < to;
      })
      .sort();
  return { train: among(HELD_BLOCKS, BLOCKS), held: among(0, HELD_BLOCKS), shared: among(1, HELD_BLOCKS) };
}

/** How flows of so many examples are trained. */
export function scheduleOf(examples: number) {
  const batchSize = Math.min(examples < MANY ? 64 : 128, Math.ceil(examples / 4));
  const passes = Math.ceil((EPOCHS * examples) / batchSize);
  return {
    ensemble: ENSEMBLES.find(({ below }) => examples < below)?.flows ?? 1,
    steps: Math.min(Math.max(passes, STEPS.least), STEPS.most),
    batchSize,
    learningRate: 2e-3,
    clip: 5,
    ema: 0.99,
  } as const;
}

/** When held-out examples are measured in a training of so many steps, and when they end it. */
export const stoppingOf = (steps: number) => ({
  validateEvery: Math.max(Math.ceil(steps / MEASUREMENTS), EVERY),
  patience: PATIENCE,
});
