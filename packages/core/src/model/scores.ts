import {
  type ConditionOf,
  type ConditionOption,
  type Examples,
  type ExamplesIn,
  inBatches,
  readCondition,
  readConditions,
  readExamples,
  wrongCount,
} from "../examples.js";
import type { Flow } from "../flow.js";
import { nth } from "../lists.js";
import { STREAM } from "../train/data.js";
import { LARGEST, type RowFunction, type RunOptions } from "./batch-parts.js";
import type { BatchRunner } from "./batches.js";
import { refuseNaN, totals } from "./evaluation.js";
import { importanceBound } from "./importance-bound.js";

/** Results of `FlowModel.score` for a batch of examples, one after another. */
export type Scores = Readonly<{
  /** log p in nats: from one sample, or the bound from K samples, with its standard error over the samples. */
  logProb: Float64Array;
  stdErr?: Float64Array;
  /** Contributions of the first sample in nats, a row of `flow.ledgerLines` per example. */
  ledger: Float32Array;
}>;

/** Contributions of an example. */
export const ledgerRow = ({ ledger, inShape, forwardNoise, condition }: Flow): RowFunction => ({
  name: "ledger",
  f: ledger,
  inShape,
  noise: forwardNoise,
  itemwise: true,
  condition: condition?.shape,
});

/** Contributions, a row per example, and their sums in double precision. */
export async function ledgerOf(
  flow: Flow,
  runner: BatchRunner,
  examples: ExamplesIn,
  { condition: given, ...options }: RunOptions & ConditionOption,
): Promise<{ rows: Float32Array; total: Float64Array }> {
  const read = readGiven("logProb", flow, examples, given);
  const rows = await runner.run(ledgerRow(flow), read, STREAM.evaluate, options);
  return { rows, total: totals(flow, rows, read.count) };
}

/** x ↦ z. Errors: `NotFiniteError` for NaN. */
export function encodeRows(
  flow: Flow,
  runner: BatchRunner,
  examples: ExamplesIn,
  { condition: given, ...how }: RunOptions & ConditionOption,
): Promise<Float32Array> {
  const { encode: f, inShape, forwardNoise: noise, condition } = flow;
  const row = { name: "encode", f, inShape, noise, itemwise: false, condition: condition?.shape };
  const read = readGiven("encode", flow, examples, given);
  return runner.run(row, read, STREAM.evaluate, { ...how, check: refuseNaN("encode") });
}

/** Examples and their conditions. Errors: those of `readExamples` and `readConditions`. */
export function readGiven(
  what: string,
  flow: Pick<Flow, "domain" | "condition">,
  examples: ExamplesIn,
  condition: ConditionOption["condition"],
): Examples {
  const read = readExamples(examples, flow.domain);
  return { ...read, ...readConditions(what, flow.condition, condition, read.count) };
}

/** Of the conditions of a stream those of the examples `from` to `to`, or the one of all. Errors: `DataError` for too few. */
function conditionsAt({ examples, count }: Examples, from: number, to: number): Examples["examples"] {
  if (count === 1) return examples;
  if (count < to) throw wrongCount("score", count, `${to} or more`);
  return examples.subarray((from * examples.length) / count, (to * examples.length) / count);
}

/** Scores of a stream of examples, batch by batch. */
export async function* scoreStream(
  flow: Flow,
  runner: BatchRunner,
  source: Iterable<ExamplesIn> | AsyncIterable<ExamplesIn>,
  {
    samples = 1,
    seed = 0,
    condition,
    conditionOf,
  }: { samples?: number; seed?: number; conditionOf?: ConditionOf | undefined } & ConditionOption,
): AsyncGenerator<Scores> {
  let [firstBatch, seen] = [0, 0];
  const given = !conditionOf && readCondition("score", flow.condition, condition);
  for await (const examples of inBatches(source, flow.domain, LARGEST)) {
    const logs: Float64Array[] = [];
    let ledger: Float32Array | undefined;
    const from = seen;
    seen += examples.length / flow.dimensions;
    const here = conditionOf ? await conditionOf(examples) : given && conditionsAt(given, from, seen);
    for (let k = 0; k < samples; k++) {
      const options = { seed: seed * samples + k, firstBatch, condition: here || undefined };
      const { rows, total } = await ledgerOf(flow, runner, examples, options);
      ledger ??= rows;
      logs.push(total);
    }
    const { logProb, stdErr } = samples === 1 ? { logProb: nth(logs, 0) } : importanceBound(logs);
    yield { logProb, ledger: ledger as Float32Array, ...(stdErr && { stdErr }) };
    firstBatch++;
  }
  if (given && given.count !== 1 && given.count !== seen) throw wrongCount("score", given.count, seen);
}
