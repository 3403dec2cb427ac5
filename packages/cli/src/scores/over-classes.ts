import type { ExamplesIn, FlowModel, Scores } from "@flowify/core";
import { valueAt } from "../places.js";
import { rowOf } from "../rows.js";
import { logMean, weightsOf } from "../statistics.js";

/**
 * Scores of examples as `FlowModel.score` has them; where the flow is that of examples given their class, which is not known
 * here, those of p(x) = Σ_c p(x | c) / C, all classes alike. The ledger is that of the likeliest class.
 *
 * @param source examples in pieces
 */
export async function* scoresOf(
  model: FlowModel,
  source: Iterable<ExamplesIn> | AsyncIterable<ExamplesIn>,
  { samples, seed }: Readonly<{ samples: number; seed: number }>,
): AsyncGenerator<Scores> {
  const classes = model.flow.condition?.levels;
  if (classes === undefined) {
    yield* model.score(source, { samples, seed });
    return;
  }
  let piece = 0;
  for await (const examples of source) {
    const options = { samples, seed: seed + piece++ };
    const given: AsyncGenerator<Scores>[] = Array.from({ length: classes }, (_, label) =>
      model.score([examples], { ...options, condition: [label] }),
    );
    for (;;) {
      const batches: Scores[] = [];
      for (const each of given) {
        const { value, done } = await each.next();
        if (!done) batches.push(value);
      }
      const [first] = batches;
      if (!first) break;
      yield overClasses(first, batches);
    }
  }
}

/**
 * Draws of the noise of an example that its class is found from: with one, the noise of pixels decides between near classes. All
 * classes have the first draws. Those fewer nats behind the likeliest than `NEAR` have all: of a network of digits, the mean of four
 * differences has a standard deviation of 2 nats.
 */
const DRAWS = { first: 4, near: 32 } as const;
const NEAR = 6;

/**
 * The class c with the largest log p(x | c) of each example, in the mean of a few draws of the noise that are the same for all
 * classes; undefined where the flow has no classes. In the mean of p the likeliest draw alone would decide.
 */
export async function likeliestClasses(
  model: Pick<FlowModel, "flow" | "logProb">,
  examples: Uint8Array,
  seed: number,
): Promise<Uint8Array | undefined> {
  const { condition, exact, dimensions: size } = model.flow;
  const classes = condition?.levels;
  if (classes === undefined) return undefined;
  /** The sum of log p, draw by draw of the noise, given the class of each example or one of all. */
  const summed = async (
    some: Uint8Array,
    given: Uint8Array,
    { from, to }: Readonly<{ from: number; to: number }>,
  ): Promise<Float64Array> => {
    const sums = new Float64Array(some.length / size);
    for (let draw = from; draw < to; draw++) {
      const logs = await model.logProb(some, { seed: seed * DRAWS.near + draw, condition: given });
      for (const [i, log] of logs.entries()) sums[i]! += log;
    }
    return sums;
  };
  const first = { from: 0, to: exact ? 1 : DRAWS.first };
  const means: Float64Array[] = [];
  for (let label = 0; label < classes; label++)
    means.push((await summed(examples, Uint8Array.of(label), first)).map((sum) => sum / first.to));
  const ranked = Array.from({ length: examples.length / size }, (_, i) => {
    const logs = means.map((each) => valueAt(each, i));
    const order = Array.from(logs.keys()).sort((a, b) => valueAt(logs, b) - valueAt(logs, a));
    const best = valueAt(logs, valueAt(order, 0));
    return order.filter((c, place) => place === 0 || best - valueAt(logs, c) < NEAR);
  });
  const found = Uint8Array.from(ranked, (order) => valueAt(order, 0));
  const open = Array.from(ranked.keys()).filter((i) => valueAt(ranked, i).length > 1);
  if (exact || open.length === 0) return found;
  // the noise of an example follows from its place: all of those that are open go through each place of the order
  const some = new Uint8Array(open.length * size);
  for (const [at, i] of open.entries()) some.set(examples.subarray(i * size, (i + 1) * size), at * size);
  const best = new Float64Array(open.length).fill(Number.NEGATIVE_INFINITY);
  const places = open.reduce((most, i) => Math.max(most, valueAt(ranked, i).length), 0);
  for (let place = 0; place < places; place++) {
    const given = Uint8Array.from(open, (i) => valueAt(ranked, i)[place] ?? valueAt(found, i));
    const sums = await summed(some, given, { from: DRAWS.first, to: DRAWS.near });
    for (const [at, i] of open.entries()) {
      const label = valueAt(ranked, i)[place];
      if (label === undefined) continue;
      const log = valueAt(sums, at) + DRAWS.first * valueAt(valueAt(means, label), i);
      if (!(log > valueAt(best, at))) continue;
      best[at] = log;
      found[i] = label;
    }
  }
  return found;
}

/** The mixture of the classes, each example's by log-sum-exp. */
function overClasses(first: Scores, batches: readonly Scores[]): Scores {
  const count = first.logProb.length;
  const logProb = new Float64Array(count);
  const stdErr = first.stdErr && new Float64Array(count);
  const ledger = new Float32Array(first.ledger.length);
  const width = ledger.length / count;
  for (let i = 0; i < count; i++) {
    const logs = batches.map((each) => valueAt(each.logProb, i));
    const likeliest = valueAt(
      batches,
      logs.reduce((best, log, c) => (log > valueAt(logs, best) ? c : best), 0),
    );
    const shares = weightsOf(logs);
    const sum = shares.reduce((total, share) => total + share, 0);
    logProb[i] = logMean(logs);
    // the errors of the classes are independent; each counts by its share
    if (stdErr)
      stdErr[i] = Math.hypot(
        ...batches.map((each, c) => (valueAt(shares, c) / sum) * valueAt(each.stdErr ?? [], i)),
      );
    ledger.set(rowOf(likeliest.ledger, i, width), i * width);
  }
  return { logProb, ledger, ...(stdErr && { stdErr }) };
}
