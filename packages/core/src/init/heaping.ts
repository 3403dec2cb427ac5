/** How much likelier some values of a grid are than those around them: heights of people in tens, prices in hundreds. */

/** The pieces of a grid, and how much likelier held-out numbers are by them than by a smooth density, in nats a number. */
export type Heaping = Readonly<{ pieces: readonly Stretch[]; gain: number }>;

/** Neighbouring values of a grid, from the step `from` up to that before `to`, and how much likelier they are than around them. */
type Stretch = Readonly<{ from: number; to: number; times: number }>;

/** Fewest numbers to say it, and most of them that choose how. */
const NUMBERS = { least: 30, most: 5000 } as const;

/** Least gain of held-out numbers: in nats a number, and in standard errors. */
const GAIN = { nats: 0.02, errors: 3 } as const;

/** Half the width of the window that is "around": of all steps, and the fewest. What follows the layer sees no less. */
const WINDOW = { share: 1 / 16, least: 4 } as const;

/** Steps that count as usual, in numbers of a step of the whole range; and the part of a number that is taken off each value. */
const USUAL = [0.01, 0.1, 1] as const;
const OFF = [0, 0.75] as const;

/** Numbers that count beside the others, spread over the range: nothing in it is impossible. */
const BESIDE = 0.5;

type Choice = Readonly<{ half: number; usual: number; off: number }>;

/** Different steps, rising, how often each is there, and how many numbers and sums of steps are below each. */
type Counts = Readonly<{
  steps: Float64Array;
  times: Float64Array;
  below: Float64Array;
  sums: Float64Array;
  all: number;
}>;

/**
 * Where numbers of a grid heap, as pieces of the grid from the least value to the most. Of the numbers n are in a piece, and by the mean of
 * a window around each step m would be there: it is (n + a) / (m + a) times likelier. Undefined where held-out numbers are not likelier by it.
 *
 * @param steps places of the numbers on the grid, whole, in random order
 * @param most pieces at most: where there are more steps, those with the most to say have a piece each
 */
export function heaping(steps: readonly number[], most: number): Heaping | undefined {
  if (steps.length < NUMBERS.least) return undefined;
  const some = steps.slice(0, NUMBERS.most);
  const halves = [0, 1].map((part) => counted(some.filter((_, i) => i % 2 === part)));
  const whole = counted(steps);
  const size = lastStep(whole) - whole.steps[0]! + 1;
  if (whole.steps.length > steps.length / 2 || size < 3) return undefined;
  let best: { choice: Choice; gains: Gains } | undefined;
  const half = Math.max(WINDOW.least, Math.round(WINDOW.share * size));
  for (const usual of USUAL)
    for (const off of OFF) {
      const choice = { half, usual, off };
      const gains = heldOut(halves, choice, most);
      if (!best || gains.mean > best.gains.mean) best = { choice, gains };
    }
  if (!best || best.gains.mean < Math.max(GAIN.nats, GAIN.errors * best.gains.error)) return undefined;
  return { pieces: pieces(whole, best.choice, most), gain: best.gains.mean };
}

function counted(numbers: readonly number[]): Counts {
  const rising = Float64Array.from(numbers).sort();
  const steps: number[] = [];
  const times: number[] = [];
  for (const step of rising) {
    if (steps.at(-1) !== step) {
      steps.push(step);
      times.push(0);
    }
    times[times.length - 1]! += 1;
  }
  const below = new Float64Array(steps.length + 1);
  const sums = new Float64Array(steps.length + 1);
  for (const [i, step] of steps.entries()) {
    below[i + 1] = below[i]! + times[i]!;
    sums[i + 1] = sums[i]! + times[i]! * step;
  }
  return {
    steps: Float64Array.from(steps),
    times: Float64Array.from(times),
    below,
    sums,
    all: rising.length,
  };
}

const lastStep = ({ steps }: Counts): number => steps[steps.length - 1]!;

/** How many of the different steps are below this one. */
function placeOf({ steps }: Counts, step: number): number {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle]! < step) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Numbers that the window around each step from `from` up to that before `to` expects there. */
function expected(counts: Counts, half: number, from: number, to: number): number {
  const [first, last] = [counts.steps[0]!, lastStep(counts)];
  /** Σ over t < step of how many numbers are at most t; beyond both ends they are mirrored. */
  const area = (step: number): number => {
    if (step < first) return area(2 * first - 1 - step);
    const over = step - 1 - last;
    if (over > 0) return area(last + 1) - area(last) + 2 * counts.all * over + area(last - over);
    const place = placeOf(counts, step);
    return step * counts.below[place]! - counts.sums[place]!;
  };
  const window = area(to + half) - area(from + half) - (area(to - half - 1) - area(from - half - 1));
  const beside = (BESIDE * (to - from)) / (lastStep(counts) - counts.steps[0]! + 1);
  return window / (2 * half + 1) + beside;
}

/** The pieces of a grid. */
function pieces(counts: Counts, { half, usual, off }: Choice, most: number): Stretch[] {
  const { steps, times, below, all } = counts;
  const [first, end] = [steps[0]!, lastStep(counts) + 1];
  const each = (usual * all) / (end - first);
  const factor = (n: number, m: number, size: number): number => (n + each * size) / (m + each * size);
  const own = (i: number): number =>
    factor(Math.max(times[i]! - off, 0), expected(counts, half, steps[i]!, steps[i]! + 1), 1);
  const says = Float64Array.from(times, (n, i) => n * Math.log(own(i)));
  const order = Array.from(steps.keys()).sort((a, b) => says[b]! - says[a]!);
  const named =
    end - first <= most
      ? [...steps.keys()]
      : order
          .slice(0, Math.floor((most - 1) / 2))
          .filter((i) => says[i]! > 0)
          .sort((a, b) => a - b);
  const found: Stretch[] = [];
  const between = (from: number, to: number): void => {
    if (from >= to) return;
    const [low, high] = [placeOf(counts, from), placeOf(counts, to)];
    const n = below[high]! - below[low]! - off * (high - low);
    if (end - first <= most && n === 0)
      for (let step = from; step < to; step++)
        found.push({ from: step, to: step + 1, times: factor(0, expected(counts, half, step, step + 1), 1) });
    else found.push({ from, to, times: factor(n, expected(counts, half, from, to), to - from) });
  };
  let at = first;
  for (const i of named) {
    between(at, steps[i]!);
    at = steps[i]! + 1;
    found.push({ from: steps[i]!, to: at, times: own(i) });
  }
  between(at, end);
  return found;
}

/** How much likelier numbers are by the pieces of others than by their window alone, in nats a number, and its standard error. */
type Gains = Readonly<{ mean: number; error: number }>;

function heldOut(halves: readonly Counts[], choice: Choice, most: number): Gains {
  let [gained, squares, all] = [0, 0, 0];
  for (const [part, own] of halves.entries()) {
    const other = halves[1 - part]!;
    const parts = pieces(own, choice, most);
    const mass = (from: number, to: number): number => expected(own, choice.half, from, to);
    const total = parts.reduce((sum, { from, to, times }) => sum + times * mass(from, to), 0);
    const usual = Math.log(total / mass(own.steps[0]!, lastStep(own) + 1));
    let next = 0;
    for (const [i, step] of other.steps.entries()) {
      while (next < parts.length - 1 && parts[next]!.to <= step) next++;
      const { from, to, times } = parts[next]!;
      const gain = Math.log(step >= from && step < to ? times : 1) - usual;
      const n = other.times[i]!;
      gained += n * gain;
      squares += n * gain ** 2;
      all += n;
    }
  }
  const mean = gained / all;
  return { mean, error: Math.sqrt(Math.max(squares / all - mean ** 2, 0) / all) };
}
