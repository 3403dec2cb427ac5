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

/** Those where heaps come again: values then hardly differ from others at their place. */
const MANY = 10;

/** Steps after which heaps may come again, periods in a range at least, how many are tried, and the least gain by one, or of numbers that hardly repeat. */
const PERIODS = {
  steps: [2, 4, 5, 10, 12, 20, 25, 50, 100, 500, 1000],
  least: 8,
  most: 2,
  gain: 0.1,
} as const;

/** Steps of a period that are so much likelier than the others have a piece each, where no number is there either. */
const OFTEN = 2;

/** Numbers that count beside the others, spread over the range: nothing in it is impossible. */
const BESIDE = 0.5;

type Choice = Readonly<{ half: number; usual: number; off: number; period: number }>;

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
 * a window around each step m would be there: it is f (n + a f) / (m f + a f) times likelier. By f, heaps come again after a period, as tens
 * do; it is 1 where no period makes numbers likelier. Undefined where held-out numbers are not likelier by the pieces.
 *
 * @param steps places of the numbers on the grid, whole, in random order
 * @param most pieces at most: where there are more steps, those with the most to say have a piece each
 * @param isPeriodic heaps may come again
 */
export function heaping(steps: readonly number[], most: number, isPeriodic = true): Heaping | undefined {
  if (steps.length < NUMBERS.least) return undefined;
  const some = steps.slice(0, NUMBERS.most);
  const halves = [0, 1].map((part) => counted(some.filter((_, i) => i % 2 === part)));
  const whole = counted(steps);
  const size = lastStep(whole) - whole.steps[0]! + 1;
  if (size < 3) return undefined;
  const repeat = whole.steps.length <= steps.length / 2;
  let best: { choice: Choice; gains: Gains } | undefined;
  const half = Math.max(WINDOW.least, Math.round(WINDOW.share * size));
  for (const period of [...(repeat ? [1] : []), ...(isPeriodic ? periodsOf(halves, size, most) : [])])
    for (const usual of period > 1 ? [...USUAL, MANY] : USUAL)
      for (const off of OFF) {
        const choice = { half, usual, off, period };
        const gains = heldOut(halves, choice, most);
        if (!best || gains.mean > best.gains.mean) best = { choice, gains };
      }
  if (!best || best.gains.mean < Math.max(repeat ? GAIN.nats : PERIODS.gain, GAIN.errors * best.gains.error))
    return undefined;
  return { pieces: pieces(whole, best.choice, most), gain: best.gains.mean };
}

/** Heaps of numbers that have places in a cycle: those of single places, undefined where these have none, and those of all others. */
export type HeapingByPlace = Readonly<{
  others: Heaping | undefined;
  own: ReadonlyMap<number, Heaping | undefined>;
  gain: number;
}>;

/**
 * Where numbers heap, given the place of each in a cycle: the numbers of one place may heap where others do not. Places have their own heaps
 * where held-out numbers are likelier by it, one after the other.
 *
 * @param places of each number, whole, from 0 on
 * @param apart places with their own heaps at most: they are among the most frequent ones
 */
export function heapingByPlace(
  steps: readonly number[],
  places: readonly number[],
  most: number,
  apart: number,
): HeapingByPlace {
  const of = (is: (place: number) => boolean): Found => {
    const own = steps.filter((_, i) => is(places[i]!));
    const heaps = heaping(own, most);
    return { heaps, nats: (heaps?.gain ?? 0) * own.length };
  };
  const counts: number[] = [];
  for (const place of places) counts[place] = (counts[place] ?? 0) + 1;
  const frequent = [...counts.keys()]
    .filter((place) => (counts[place] ?? 0) >= NUMBERS.least)
    .toSorted((a, b) => counts[b]! - counts[a]!)
    .slice(0, apart + 1)
    .map((place) => ({ place, ...of((each) => each === place) }));
  let best = { own: [] as typeof frequent, others: of(() => true), nats: 0 };
  best.nats = best.others.nats;
  for (let before = Number.NEGATIVE_INFINITY; best.own.length < apart && best.nats > before; ) {
    before = best.nats;
    const { own } = best;
    for (const one of frequent.filter((each) => !own.includes(each))) {
      const all = [...own, one];
      const others = of((place) => all.every((each) => each.place !== place));
      const nats = all.reduce((sum, each) => sum + each.nats, others.nats);
      if (nats > Math.max(best.nats, before + GAIN.nats * steps.length)) best = { own: all, others, nats };
    }
  }
  return {
    others: best.others.heaps,
    own: new Map(best.own.map(({ place, heaps }) => [place, heaps])),
    gain: best.nats / steps.length,
  };
}

/** Heaps of some numbers, and the gain by them, in nats. */
type Found = Readonly<{ heaps: Heaping | undefined; nats: number }>;

/** The periods by which numbers of one half make those of the other likeliest. */
function periodsOf(halves: readonly Counts[], size: number, most: number): number[] {
  return PERIODS.steps
    .filter((period) => size >= PERIODS.least * period && size <= most * period)
    .map((period) => {
      const gains = halves.map((own, part) => {
        const factor = rhythmOf(own, period);
        const { steps, times, all } = halves[1 - part]!;
        return steps.reduce((sum, step, i) => sum + (times[i]! * Math.log(factor(step, step + 1))) / all, 0);
      });
      return { period, gain: Math.min(...gains) };
    })
    .filter(({ gain }) => gain > PERIODS.gain)
    .toSorted((a, b) => b.gain - a.gain)
    .slice(0, PERIODS.most)
    .map(({ period }) => period);
}

/** How much likelier than all others the steps of a range are by their places in a period. */
function rhythmOf({ steps, times, all }: Counts, period: number): (from: number, to: number) => number {
  if (period === 1) return () => 1;
  const place = (step: number): number => ((step % period) + period) % period;
  const counts = new Float64Array(period);
  for (const [i, step] of steps.entries()) counts[place(step)]! += times[i]!;
  const below = new Float64Array(period + 1);
  for (const [r, n] of counts.entries()) below[r + 1] = below[r]! + (n + BESIDE) / (all / period + BESIDE);
  const sum = (step: number): number => Math.floor(step / period) * period + below[place(step)]!;
  return (from, to) => (sum(to) - sum(from)) / (to - from);
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
function pieces(counts: Counts, { half, usual, off, period }: Choice, most: number): Stretch[] {
  const { steps, below, all } = counts;
  const [first, end] = [steps[0]!, lastStep(counts) + 1];
  const each = (usual * all) / (end - first);
  const rhythm = rhythmOf(counts, period);
  const piece = (from: number, to: number): Stretch & { says: number } => {
    const [low, high] = [placeOf(counts, from), placeOf(counts, to)];
    const n = below[high]! - below[low]! - off * (high - low);
    const [m, f] = [expected(counts, half, from, to), rhythm(from, to)];
    const more = each * (to - from) * f;
    const times = (f * (n + more)) / (m * f + more);
    return { from, to, times, says: m * times * Math.log(times) };
  };
  if (end - first <= most)
    return Array.from({ length: end - first }, (_, i) => piece(first + i, first + i + 1));
  const between = (from: number, to: number): Stretch[] => (from < to ? [piece(from, to)] : []);
  const often = Array.from({ length: period }, (_, i) => first + i)
    .filter((step) => period > 1 && rhythm(step, step + 1) >= OFTEN)
    .flatMap((step) => Array.from({ length: Math.ceil((end - step) / period) }, (_, i) => step + i * period));
  const named = [...new Set([...steps, ...often])]
    .map((step) => piece(step, step + 1))
    .filter(({ says }) => says > 0)
    .toSorted((a, b) => b.says - a.says)
    .slice(0, Math.floor((most - 1) / 2))
    .toSorted((a, b) => a.from - b.from);
  const ends = named.map(({ to }) => to);
  return [
    ...named.flatMap((own, i) => [...between(ends[i - 1] ?? first, own.from), own]),
    ...between(ends.at(-1) ?? first, end),
  ];
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
