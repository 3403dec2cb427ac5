import type { ExamplesIn, FlowModel, Scores } from "@flowify/core";
import { valueAt } from "../places.js";
import { rowOf } from "../rows.js";
import { likeliest, logMean, weightsOf } from "../statistics.js";

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

/** Seeds of the noise of the layers behind are those in front and so many: the noise of both is independent. */
const OTHER_NOISE = 2 ** 31;

/** The class c with the largest log p(x | c) of each example, as `classLogs` finds it; undefined where the flow has no classes. */
export async function likeliestClasses(
  model: Pick<FlowModel, "flow" | "part">,
  examples: ExamplesIn,
  seed: number,
): Promise<Uint8Array | undefined> {
  const logs = await classLogs(model, examples, seed);
  return logs && Uint8Array.from(logs[0] ?? [], (_, i) => likeliest(logs.map((own) => valueAt(own, i))));
}

/**
 * log p(x | c) of each example for each class c, in the mean of a few draws of the noise that are the same for all
 * classes; undefined where the flow has no classes. In the mean of p the likeliest draw alone would decide. Layers in front of the first
 * that sees the class are computed once for all classes.
 */
export async function classLogs(
  model: Pick<FlowModel, "flow" | "part">,
  examples: ExamplesIn,
  seed: number,
): Promise<Float64Array[] | undefined> {
  const { chain, exact, condition: { levels: classes } = {} } = model.flow;
  if (classes === undefined) return undefined;
  const from = chain.layers.findIndex(({ condition }) => condition !== undefined);
  const [front, behind] = [model.part(0, from), model.part(from, chain.layers.length)];
  try {
    const draws = Array.from({ length: exact ? 1 : DRAWS }, (_, i) => seed * DRAWS + i);
    const seen: ExamplesIn[] = [];
    for (const draw of draws)
      seen.push(from === 0 ? examples : await front.encode(examples, { seed: draw, condition: [0] }));
    const found: Float64Array[] = [];
    for (let label = 0; label < classes; label++) {
      let sums: Float64Array | undefined;
      for (const [i, draw] of draws.entries()) {
        const logs = await behind.logProb(seen[i]!, { seed: OTHER_NOISE + draw, condition: [label] });
        sums = sums?.map((sum, r) => sum + logs[r]!) ?? logs;
      }
      found.push((sums ?? new Float64Array()).map((sum) => sum / draws.length));
    }
    return found;
  } finally {
    await front.dispose();
    await behind.dispose();
  }
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
    const best = valueAt(batches, likeliest(logs));
    const shares = weightsOf(logs);
    const sum = shares.reduce((total, share) => total + share, 0);
    logProb[i] = logMean(logs);
    // the errors of the classes are independent; each counts by its share
    if (stdErr)
      stdErr[i] = Math.hypot(
        ...batches.map((each, c) => (valueAt(shares, c) / sum) * valueAt(each.stdErr ?? [], i)),
      );
    ledger.set(rowOf(best.ledger, i, width), i * width);
  }
  return { logProb, ledger, ...(stdErr && { stdErr }) };
}
