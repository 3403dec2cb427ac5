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

/** Draws of the noise of an example that its class is found from: with one, the noise of pixels decides between near classes. */
const DRAWS = 8;

/**
 * The class c with the largest log p(x | c) of each example, in the mean of a few draws of the noise that are the same for all
 * classes; undefined where the flow has no classes. In the mean of p the likeliest draw alone would decide.
 */
export async function likeliestClasses(
  model: Pick<FlowModel, "flow" | "logProb">,
  examples: ExamplesIn,
  seed: number,
): Promise<Uint8Array | undefined> {
  const classes = model.flow.condition?.levels;
  if (classes === undefined) return undefined;
  const draws = model.flow.exact ? 1 : DRAWS;
  let best: Float64Array | undefined;
  let found = new Uint8Array();
  for (let label = 0; label < classes; label++) {
    let sums: Float64Array | undefined;
    for (let draw = 0; draw < draws; draw++) {
      const logs = await model.logProb(examples, { seed: seed * draws + draw, condition: [label] });
      sums = sums?.map((sum, i) => sum + logs[i]!) ?? logs;
    }
    const own = sums ?? new Float64Array();
    const before = best ?? own.map(() => Number.NEGATIVE_INFINITY);
    found = Uint8Array.from(own, (log, i) => (log > before[i]! ? label : (found[i] ?? 0)));
    best = own.map((log, i) => Math.max(log, before[i]!));
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
