import { cholesky, inverseLower } from "./fit-mixture.js";
import type { Lines, Table } from "./ridge.js";

/** Rows that each class has beside its own, at the mean of the inputs: no class is impossible. */
const LEAST_ROWS = 0.5;

/** Penalties are tried from as many as there are rows, each this much smaller than the last one, down to the least. */
const RATIO = 4;
const LEAST_PENALTY = 0.05;

/** Parts of the rows that are held out in turn to choose a penalty, and rows that this looks at, at most. */
const FOLDS = 5;
const MOST_ROWS = 2000;
/** Row i is in the part of this multiple of i: evenly spread in any order of the rows. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Steps of one fit at most, and the gain in nats a row below which another one brings nothing. */
const STEPS = 200;
const LEAST_GAIN = 1e-6;

/** Rows that are fitted, and the classes of them. */
type Rows = Readonly<{ inputs: Table; labels: ArrayLike<number> }>;

/**
 * Multinomial logistic regression with a penalty: p(k | c) = softmax(a + B c), B [classes, inputs] row-major, where Σ −log p + penalty / 2 |B|² is
 * least. The penalty is the one under which rows are likeliest that others are fitted without; `inputs` are standardized.
 *
 * Steps go down the bound of the curvature by ½ CᵀC, with Nesterov's momentum.
 *
 * Source: Böhning 1992 (the bound); O'Donoghue and Candès 2015 (momentum that starts again); Hoerl and Kennard 1970 (the penalty).
 */
export function logistic(inputs: Table, labels: ArrayLike<number>, classes: number): Lines {
  const count = labels.length;
  const rows = { inputs, labels };
  const taken = Math.min(count, MOST_ROWS);
  const chosen = Array.from({ length: taken }, (_, i) => Math.floor((i * count) / taken));
  const foldOf = (i: number): number => Math.floor(FOLDS * ((i * GOLDEN) % 1));
  const folds = Array.from({ length: FOLDS }, (_, fold) => ({
    train: among(
      rows,
      chosen.filter((_, i) => foldOf(i) !== fold),
    ),
    held: among(
      rows,
      chosen.filter((_, i) => foldOf(i) === fold),
    ),
    lines: undefined as Lines | undefined,
  }));
  const penalties: number[] = [];
  let best = { penalty: count, log: Number.NEGATIVE_INFINITY };
  for (let penalty = count; penalty > LEAST_PENALTY; penalty /= RATIO) {
    let log = 0;
    for (const fold of folds) {
      fold.lines = fitted(fold.train, classes, penalty, fold.lines);
      log += logOf(fold.held, fold.lines, classes);
    }
    if (log <= best.log) break;
    best = { penalty, log };
    penalties.push(penalty);
  }
  // each fit begins where the last one ended
  return penalties.reduce<Lines | undefined>(
    (lines, penalty) => fitted(rows, classes, penalty, lines),
    undefined,
  )!;
}

function among({ inputs: { data, columns }, labels }: Rows, places: readonly number[]): Rows {
  const out = new Float64Array(places.length * columns);
  for (const [to, i] of places.entries())
    for (let s = 0; s < columns; s++) out[to * columns + s] = data[i * columns + s]!;
  return { inputs: { data: out, columns }, labels: places.map((i) => labels[i]!) };
}

/** Writes the probabilities of all classes in row i into `p`, and returns log p of the class that it has. */
function softmaxOf({ inputs, labels }: Rows, i: number, { offset, slopes }: Lines, p: Float64Array): number {
  const { data, columns: S } = inputs;
  let top = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < p.length; k++) {
    let logit = offset[k]!;
    for (let s = 0; s < S; s++) logit += slopes[k * S + s]! * data[i * S + s]!;
    p[k] = logit;
    if (logit > top) top = logit;
  }
  const own = p[labels[i]!]! - top;
  let sum = 0;
  for (let k = 0; k < p.length; k++) sum += p[k] = Math.exp(p[k]! - top);
  for (let k = 0; k < p.length; k++) p[k]! /= sum;
  return own - Math.log(sum);
}

function logOf(rows: Rows, lines: Lines, classes: number): number {
  const p = new Float64Array(classes);
  let log = 0;
  for (let i = 0; i < rows.labels.length; i++) log += softmaxOf(rows, i, lines, p);
  return log;
}

/** The lines of one penalty, from others on. */
function fitted(rows: Rows, K: number, penalty: number, from: Lines | undefined): Lines {
  const { data, columns: S } = rows.inputs;
  const count = rows.labels.length;
  const W = S + 1; // the offset, then the slopes
  const curvature = new Float64Array(W * W);
  for (let i = 0; i < count; i++)
    for (let s = 0; s < W; s++) {
      const c = s === 0 ? 1 : data[i * S + s - 1]!;
      if (c === 0) continue;
      curvature[s * W]! += c / 2;
      for (let t = 1; t <= s; t++) curvature[s * W + t]! += (c * data[i * S + t - 1]!) / 2;
    }
  curvature[0]! += (LEAST_ROWS * K) / 2;
  for (let s = 1; s < W; s++) curvature[s * W + s]! += penalty;
  const inverse = inverseLower(cholesky(curvature, W), W);
  const none: Rows = { inputs: { data: new Float64Array(S), columns: S }, labels: [0] };
  const p = new Float64Array(K);
  /** What is to be least, and its gradient [K, W]. */
  const at = (lines: Lines): { loss: number; gradient: Float64Array } => {
    const gradient = new Float64Array(K * W);
    let loss = 0;
    for (let i = 0; i < count; i++) {
      loss -= softmaxOf(rows, i, lines, p);
      p[rows.labels[i]!]! -= 1;
      for (let k = 0; k < K; k++) {
        const left = p[k]!;
        gradient[k * W]! += left;
        for (let s = 0; s < S; s++) gradient[k * W + 1 + s]! += left * data[i * S + s]!;
      }
    }
    softmaxOf(none, 0, lines, p);
    for (let k = 0; k < K; k++) {
      loss -= LEAST_ROWS * Math.log(p[k]!);
      gradient[k * W]! += LEAST_ROWS * (K * p[k]! - 1);
      for (let s = 0; s < S; s++) {
        const slope = lines.slopes[k * S + s]!;
        loss += (penalty / 2) * slope ** 2;
        gradient[k * W + 1 + s]! += penalty * slope;
      }
    }
    return { loss, gradient };
  };
  /** curvature⁻¹ gradient, a row a class. */
  const solved = (gradient: Float64Array): Float64Array => {
    const out = new Float64Array(K * W);
    for (let k = 0; k < K; k++)
      for (let s = 0; s < W; s++) {
        let turned = 0;
        for (let t = 0; t <= s; t++) turned += inverse[s * W + t]! * gradient[k * W + t]!;
        for (let t = 0; t <= s; t++) out[k * W + t]! += inverse[s * W + t]! * turned;
      }
    return out;
  };
  const linesOf = (numbers: Float64Array): Lines => ({
    offset: Float64Array.from({ length: K }, (_, k) => numbers[k * W]!),
    slopes: Float64Array.from({ length: K * S }, (_, at) => numbers[Math.floor(at / S) * W + 1 + (at % S)]!),
  });
  let now = new Float64Array(K * W);
  if (from)
    for (let k = 0; k < K; k++) {
      now[k * W] = from.offset[k]!;
      for (let s = 0; s < S; s++) now[k * W + 1 + s] = from.slopes[k * S + s]!;
    }
  let ahead = now;
  let before = Number.POSITIVE_INFINITY;
  let momentum = 1;
  for (let step = 0; step < STEPS; step++) {
    const { loss, gradient } = at(linesOf(ahead));
    if (loss > before && momentum > 1) {
      [ahead, momentum] = [now, 1];
      continue;
    }
    if (before - loss < LEAST_GAIN * count && momentum > 1) break;
    before = loss;
    const down = solved(gradient);
    const next = ahead.map((value, j) => value - down[j]!);
    const further = (1 + Math.sqrt(1 + 4 * momentum ** 2)) / 2;
    const share = (momentum - 1) / further;
    ahead = next.map((value, j) => value + share * (value - now[j]!));
    [now, momentum] = [next, further];
  }
  return linesOf(now);
}
