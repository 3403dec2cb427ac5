import {
  type ConditionOf,
  type ConditionOption,
  type Examples,
  type ExamplesIn,
  inBatches,
  readCondition,
  readConditions,
  readExamples,
} from "../examples.js";
import type { Flow } from "../flow.js";
import { nth } from "../lists.js";
import { sizeOf } from "../shape.js";
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

/** Of the conditions of a stream those of one batch, or the one of all. */
function conditionsAt(
  { condition, dimensions }: Flow,
  given: Examples | undefined | false,
  batch: number,
  examples: Float32Array,
): ConditionOption {
  if (!condition || !given) return {};
  if (given.count === 1) return { condition: given.examples };
  const [size, from] = [sizeOf(condition.shape), batch * LARGEST];
  return { condition: given.examples.subarray(from * size, (from + examples.length / dimensions) * size) };
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
  let firstBatch = 0;
  const given = !conditionOf && readCondition("score", flow.condition, condition);
  for await (const examples of inBatches(source, flow.domain, LARGEST)) {
    const logs: Float64Array[] = [];
    let ledger: Float32Array | undefined;
    const here = conditionOf
      ? { condition: await conditionOf(examples) }
      : conditionsAt(flow, given, firstBatch, examples);
    for (let k = 0; k < samples; k++) {
      const options = { seed: seed * samples + k, firstBatch, ...here };
      const { rows, total } = await ledgerOf(flow, runner, examples, options);
      ledger ??= rows;
      logs.push(total);
    }
    const { logProb, stdErr } = samples === 1 ? { logProb: nth(logs, 0) } : importanceBound(logs);
    yield { logProb, ledger: ledger as Float32Array, ...(stdErr && { stdErr }) };
    firstBatch++;
  }
}
