import { type ExamplesIn, inBatches, readExamples } from "../examples.js";
import type { Flow } from "../flow.js";
import { STREAM } from "../train/data.js";
import { LARGEST, type RunOptions } from "./batch-parts.js";
import type { BatchRunner } from "./batches.js";
import { totals } from "./evaluation.js";
import { importanceBound } from "./importance-bound.js";

/** Results of `FlowModel.score` for a batch of examples, one after another. */
export type Scores = Readonly<{
  /** log p in nats: from one sample, or the bound from K samples, with its standard error over the samples. */
  logProb: Float64Array;
  stdErr?: Float64Array;
  /** Contributions of the first sample in nats, a row of `flow.ledgerLines` per example. */
  ledger: Float32Array;
}>;

/** Contributions, a row per example, and their sums in double precision. */
export async function ledgerOf(
  flow: Flow,
  runner: BatchRunner,
  examples: ExamplesIn,
  options: RunOptions,
): Promise<{ rows: Float32Array; total: Float64Array }> {
  const { inShape, forwardNoise: noise } = flow;
  const read = readExamples(examples, flow.domain);
  const row = { name: "ledger", f: flow.ledger, inShape, noise, itemwise: true };
  const rows = await runner.run(row, read, STREAM.evaluate, options);
  return { rows, total: totals(flow, rows, read.count) };
}

/** Scores of a stream of examples, batch by batch. */
export async function* scoreStream(
  flow: Flow,
  runner: BatchRunner,
  source: Iterable<ExamplesIn> | AsyncIterable<ExamplesIn>,
  { samples = 1, seed = 0 }: { samples?: number; seed?: number },
): AsyncGenerator<Scores> {
  let firstBatch = 0;
  for await (const examples of inBatches(source, flow.domain, LARGEST)) {
    const logs: Float64Array[] = [];
    let ledger: Float32Array | undefined;
    for (let k = 0; k < samples; k++) {
      const options = { seed: seed * samples + k, firstBatch };
      const { rows, total } = await ledgerOf(flow, runner, examples, options);
      ledger ??= rows;
      logs.push(total);
    }
    const single = logs[0] as Float64Array;
    const { logProb, stdErr } = samples === 1 ? { logProb: single } : importanceBound(logs);
    yield { logProb, ledger: ledger as Float32Array, ...(stdErr && { stdErr }) };
    firstBatch++;
  }
}
