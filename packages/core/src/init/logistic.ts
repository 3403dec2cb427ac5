import { dot } from "../math/linalg.js";
import { cholesky, inverseLower } from "./fit-mixture.js";
import type { Lines, Table } from "./ridge.js";

/** Rows that each class has beside its own, at the mean of the inputs: no class is impossible. */
const LEAST_ROWS = 0.5;

/** The logarithms of the shares of classes, each with half a row more. */
export function shares(labels: ArrayLike<number>, classes: number): Float64Array {
  const counts = new Float64Array(classes).fill(LEAST_ROWS);
  for (let i = 0; i < labels.length; i++) counts[labels[i]!]! += 1;
  return counts.map((count) => Math.log(count / (labels.length + LEAST_ROWS * classes)));
}

/** Penalties are tried from as many as there are rows, each this much smaller than the last one, down to the least. */
const RATIO = 4;
const LEAST_PENALTY = 1e-3;

/** Parts of the rows that are held out in turn to choose a penalty, and rows that this looks at, at most. */
const FOLDS = 5;
const MOST_ROWS = 2000;
/** Row i is in the part of this multiple of i: evenly spread in any order of the rows. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Steps of one fit at most, those that the next one remembers, and the gain in nats a row below which another one brings nothing. */
const STEPS = 200;
const REMEMBERED = 10;
const LEAST_GAIN = 1e-5;

/** A step is halved until the loss falls by this share of the fall along its slope, at most so often. */
const ARMIJO = 1e-4;
const HALVED = 30;

/** Rows that are fitted, and the classes of them. */
type Rows = Readonly<{ inputs: Table; labels: ArrayLike<number> }>;

/**
 * Multinomial logistic regression with a penalty: p(k | c) = softmax(a + B c), B [classes, inputs] row-major, where Σ −log p + penalty / 2 |B|² is
 * least. The penalty is the one under which rows are likeliest that others are fitted without; `inputs` are standardized.
 *
 * Steps are those of L-BFGS, which begins with the bound of the curvature by ½ CᵀC.
 *
 * Source: Böhning 1992 (the bound); Nocedal and Wright 2006, algorithm 7.4 (L-BFGS); Hoerl and Kennard 1970 (the penalty).
 */
export function logistic(inputs: Table, labels: ArrayLike<number>, classes: number): Lines {
  const count = labels.length;
  const rows = { inputs, labels };
  const taken = Math.min(count, MOST_ROWS);
  const chosen = Array.from({ length: taken }, (_, i) => Math.floor((i * count) / taken));
  const foldOf = (i: number): number => Math.floor(FOLDS * ((i * GOLDEN) % 1));
  const part = (isIn: (i: number) => boolean): Rows =>
    among(
      rows,
      chosen.filter((_, i) => isIn(i)),
    );
  const folds = Array.from({ length: FOLDS }, (_, fold) => ({
    next: path(
      part((i) => foldOf(i) !== fold),
      classes,
    ),
    held: part((i) => foldOf(i) === fold),
  }));
  const penalties: number[] = [];
  let best = Number.NEGATIVE_INFINITY;
  for (let penalty = count; penalty > LEAST_PENALTY; penalty /= RATIO) {
    const log = folds.reduce((sum, { next, held }) => sum + logOf(held, next(penalty), classes), 0);
    if (log <= best) break;
    best = log;
    penalties.push(penalty);
  }
  const next = path(rows, classes);
  const all = penalties.map(next).at(-1)!;
  const W = inputs.columns + 1;
  return {
    offset: Float64Array.from({ length: classes }, (_, k) => all[k * W]!),
    slopes: all.filter((_, at) => at % W > 0),
  };
}

function among({ inputs: { data, columns }, labels }: Rows, places: readonly number[]): Rows {
  const out = new Float64Array(places.length * columns);
  for (const [to, i] of places.entries())
    for (let s = 0; s < columns; s++) out[to * columns + s] = data[i * columns + s]!;
  return { inputs: { data: out, columns }, labels: places.map((i) => labels[i]!) };
}

/** Writes the probabilities of all classes in row i into `p`, and returns log p of the class that it has. `lines`: offset and slopes, a row a class. */
function softmaxOf({ inputs, labels }: Rows, i: number, lines: Float64Array, p: Float64Array): number {
  const { data, columns: S } = inputs;
  let top = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < p.length; k++) {
    const own = k * (S + 1);
    let logit = lines[own]!;
    for (let s = 0; s < S; s++) logit += lines[own + 1 + s]! * data[i * S + s]!;
    p[k] = logit;
    if (logit > top) top = logit;
  }
  const own = p[labels[i]!]! - top;
  let sum = 0;
  for (let k = 0; k < p.length; k++) sum += p[k] = Math.exp(p[k]! - top);
  for (let k = 0; k < p.length; k++) p[k]! /= sum;
  return own - Math.log(sum);
}

function logOf(rows: Rows, lines: Float64Array, classes: number): number {
  const p = new Float64Array(classes);
  let log = 0;
  for (let i = 0; i < rows.labels.length; i++) log += softmaxOf(rows, i, lines, p);
  return log;
}

type Slope = Readonly<{ loss: number; gradient: Float64Array }>;

/** Fits lines [K, 1 + columns] by one penalty after another, each from the lines of the one before. */
function path(rows: Rows, K: number): (penalty: number) => Float64Array {
  const { data, columns: S } = rows.inputs;
  const count = rows.labels.length;
  const W = S + 1; // the offset, then the slopes
  const bound = new Float64Array(W * W);
  for (let i = 0; i < count; i++)
    for (let s = 0; s < W; s++) {
      const c = s === 0 ? 1 : data[i * S + s - 1]!;
      if (c === 0) continue;
      bound[s * W]! += c / 2;
      for (let t = 1; t <= s; t++) bound[s * W + t]! += (c * data[i * S + t - 1]!) / 2;
    }
  bound[0]! += (LEAST_ROWS * K) / 2;
  const none: Rows = { inputs: { data: new Float64Array(S), columns: S }, labels: [0] };
  const p = new Float64Array(K);
  /** What is to be least, and its gradient [K, W]. */
  const at = (lines: Float64Array, penalty: number): Slope => {
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
      for (let at = k * W + 1; at < (k + 1) * W; at++) {
        loss += (penalty / 2) * lines[at]! ** 2;
        gradient[at]! += penalty * lines[at]!;
      }
    }
    return { loss, gradient };
  };
  let lines: Float64Array = new Float64Array(K * W);
  return (penalty) => {
    const curvature = bound.map((value, at) => (at % (W + 1) === 0 && at > 0 ? value + penalty : value));
    const inverse = inverseLower(cholesky(curvature, W), W);
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
    lines = least(lines, (numbers) => at(numbers, penalty), solved, LEAST_GAIN * count);
    return lines;
  };
}

/** Where a convex function is least, to within about `enough`, by L-BFGS. `solved` multiplies by an inverse curvature to begin with. */
function least(
  from: Float64Array,
  at: (numbers: Float64Array) => Slope,
  solved: (gradient: Float64Array) => Float64Array,
  enough: number,
): Float64Array {
  const past: Readonly<{ step: Float64Array; change: Float64Array; inner: number }>[] = [];
  const add = (to: Float64Array, times: number, what: Float64Array): void => {
    for (let i = 0; i < to.length; i++) to[i]! += times * what[i]!;
  };
  const direction = (gradient: Float64Array): Float64Array => {
    const left = gradient.slice();
    const taken = past.map(() => 0);
    for (let i = past.length - 1; i >= 0; i--) {
      const { step, change, inner } = past[i]!;
      taken[i] = dot(step, left) / inner;
      add(left, -taken[i]!, change);
    }
    const out = solved(left);
    const last = past.at(-1);
    const scale = last ? last.inner / dot(last.change, solved(last.change)) : 1;
    for (let i = 0; i < out.length; i++) out[i]! *= scale;
    for (const [i, { step, change, inner }] of past.entries())
      add(out, taken[i]! - dot(change, out) / inner, step);
    return out;
  };
  let [now, here] = [from, at(from)];
  for (let step = 0; step < STEPS; step++) {
    const down = direction(here.gradient);
    const slope = dot(down, here.gradient);
    if (slope < 2 * enough) break;
    let size = 1;
    let next = now;
    let there = here;
    for (let halved = 0; halved < HALVED; halved++, size /= 2) {
      next = now.map((value, j) => value - size * down[j]!);
      there = at(next);
      if (there.loss <= here.loss - ARMIJO * size * slope) break;
    }
    if (there.loss >= here.loss) break;
    const own = {
      step: next.map((v, j) => v - now[j]!),
      change: there.gradient.map((v, j) => v - here.gradient[j]!),
    };
    const inner = dot(own.step, own.change);
    if (inner > 0) past.push({ ...own, inner });
    if (past.length > REMEMBERED) past.shift();
    [now, here] = [next, there];
  }
  return now;
}
