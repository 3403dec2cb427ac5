import { numpy as np, valueAndGrad } from "@jax-js/jax";
import { NotFiniteError, UsageError } from "../errors.js";
import type { ExamplesIn } from "../examples.js";
import type { Flow, FlowParams } from "../flow.js";
import type { NoiseTree } from "../noise.js";
import { treeDispose, treeRef } from "../params/pytree.js";
import { countOf, sizeOf } from "../shape.js";
import { STREAM } from "../train/data.js";
import type { RowFunction } from "./batch-parts.js";
import type { BatchRunner } from "./batches.js";
import { totals } from "./evaluation.js";
import type { GivenOptions } from "./options.js";
import { readGiven } from "./scores.js";

/** log p(x), and its derivatives by the entries of x, of every example. */
export type LogProbGradient = Readonly<{
  /** Nats. */
  logProb: Float64Array;
  /** ∂ log p(x) / ∂x, one example after another. */
  gradient: Float32Array;
}>;

/** Rows [B, K + 1 + D]: the terms of log p(x) as in `Flow.ledger`, then its gradient. */
const gradientRow = (flow: Flow): RowFunction => ({
  name: "gradient",
  inShape: flow.inShape,
  noise: flow.forwardNoise,
  itemwise: true,
  condition: flow.condition?.shape,
  f: (params: FlowParams, x: np.Array, noise: NoiseTree, condition?: np.Array): np.Array => {
    const batch = countOf(x);
    // an example's log p does not depend on the others: the gradient of the sum holds each one's own
    const total = (at: np.Array): [np.Array, np.Array] => {
      const terms = flow.ledger(treeRef(params), at, treeRef(noise), condition?.ref);
      return [np.sum(terms.ref), terms];
    };
    const [[sum, terms], gradient] = valueAndGrad(total, { hasAux: true })(x);
    sum.dispose();
    treeDispose([params, noise]);
    condition?.dispose();
    return np.concatenate([terms, gradient.reshape([batch, -1])], 1);
  },
});

/** log p, summed in double precision, and its gradient. Errors: `NotFiniteError` naming the example. */
export async function gradientOf(
  flow: Flow,
  runner: BatchRunner,
  examples: ExamplesIn,
  { condition, ...how }: GivenOptions,
): Promise<LogProbGradient> {
  if (flow.condition?.computed)
    throw new UsageError(
      "logProbGradient: the condition of this flow is a function of x that is run as it is, without derivatives\nuse a network that flowify converts layer by layer",
    );
  const read = readGiven("logProbGradient", flow, examples, condition);
  const rows = await runner.run(gradientRow(flow), read, STREAM.evaluate, how);
  const { count } = read;
  const [terms, size] = [flow.ledgerLines.length, sizeOf(flow.inShape)];
  const ledger = new Float32Array(count * terms);
  const gradient = new Float32Array(count * size);
  for (let i = 0; i < count; i++) {
    const row = rows.subarray(i * (terms + size), (i + 1) * (terms + size));
    if (!row.every(Number.isFinite))
      throw new NotFiniteError(
        0,
        "gradient",
        `gradient: log p of example ${i} or its gradient is not finite: the flow has no density there, or almost none\nleave the example out`,
      );
    ledger.set(row.subarray(0, terms), i * terms);
    gradient.set(row.subarray(terms), i * size);
  }
  return { logProb: totals(flow, ledger, count), gradient };
}
