import { FlowModel, flow, HostArray } from "@flowify/core";
import { affine } from "@flowify/core/layers";
import { type JsTree, numpy as np } from "@jax-js/jax";
import { valueAt } from "../places.js";
import { rowOf, takeRows } from "../rows.js";
import { likeliest, logSumExp, meanOf, meanWithError } from "../statistics.js";
import { among, type Examples } from "./lines.js";
import type { splitOf } from "./network.js";

/**
 * How flows are pooled. Each is right about its own errors, so their mixture is too wide where these average out, and too narrow where all
 * of them learned the same rows too well.
 */
export type Pool = Readonly<{
  /** How much of the way the median of each flow moves to the mean of their medians, 0 to 1. */
  centred: number;
  /** What the normal latent of each flow is multiplied by. */
  scale: number;
}>;

export const UNPOOLED: Pool = { centred: 0, scale: 1 };

/** Choices of `centred`, and of log `scale`, with the spread that is expected of the latter. */
const CENTRED = [0, 0.5, 1] as const;
const LOG_SCALES = Array.from({ length: 25 }, (_, i) => (i - 12) / 20);
const EXPECTED = 0.2;

/** The same flow, whose normal latent is multiplied by `scale`. */
export function scaled({ flow: own, params, executor }: FlowModel, scale: number): FlowModel {
  const { layers, embedding } = own.chain;
  const array = (value: number) => new HostArray(Float32Array.of(value), [1], np.float32);
  const last = { logScale: array(Math.log(scale)), shift: array(0) };
  const all = params as readonly JsTree<HostArray>[];
  return new FlowModel(
    flow([...layers, affine([1], { scale: Float32Array.of(scale) })], undefined, { embedding }),
    [...all.slice(0, layers.length), last, ...all.slice(layers.length)] as JsTree<HostArray>[],
    executor,
  );
}

/** What is added to the values of each flow, for each row of a condition: so much of the way to the mean of their medians. */
export async function shiftsOf(
  flows: readonly FlowModel[],
  condition: Float32Array,
  centred: number,
): Promise<Float64Array[]> {
  const width = flows[0]?.flow.condition?.shape[0] ?? 1;
  const count = condition.length / width;
  if (centred === 0 || flows.length < 2) return flows.map(() => new Float64Array(count));
  // many values are drawn for each row: its medians are computed once
  const firsts: number[] = [];
  const which = Uint32Array.from({ length: count }, (_, i) => {
    const first = firsts.at(-1);
    const isNew = first === undefined || !isSameRow(condition, width, first, i);
    return (isNew ? firsts.push(i) : firsts.length) - 1;
  });
  const rows = takeRows(condition, width, firsts);
  const medians = await Promise.all(
    flows.map((model) => model.decode(new Float32Array(firsts.length), { condition: rows })),
  );
  const middle = firsts.map((_, row) => meanOf(medians.map((all) => valueAt(all, row))));
  return medians.map((all) =>
    Float64Array.from(which, (row) => centred * (valueAt(middle, row) - valueAt(all, row))),
  );
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

const isSameRow = (rows: Float32Array, width: number, a: number, b: number): boolean =>
  rowOf(rows, a, width).every((value, k) => value === rows[b * width + k]);

/**
 * The pool under which held-out examples are likeliest: pairs of flows by the examples that neither of them saw, a flow alone by
 * its own. The scale stays 1 where a gain of less than one standard error may be chance, as it is where a few far values decide. Source: temperature scaling, Guo et al. 2017 (arXiv:1706.04599), of the latent of a density.
 */
export async function poolOf(
  flows: readonly FlowModel[],
  examples: Examples,
  splits: readonly ReturnType<typeof splitOf>[],
): Promise<Pool> {
  const isAlone = flows.length === 1;
  const groups = (isAlone ? flows : flows.slice(1)).flatMap((model, k) => {
    const { held, shared } = valueAt(splits, k);
    const judged = among(examples, isAlone ? held : shared);
    // of a dozen examples, two flows may share none
    return judged.values.length === 0
      ? []
      : [{ members: isAlone ? [model] : [valueAt(flows, k), model], held: judged }];
  });
  let best = { ...UNPOOLED, log: Number.NEGATIVE_INFINITY };
  for (const centred of isAlone ? [0] : CENTRED) {
    /** log p of each example at each scale. */
    const logs = LOG_SCALES.map(() => [] as number[]);
    for (const { members, held } of groups) {
      const all = await Promise.all(
        (await shiftsOf(members, held.condition, centred)).map(async (shift, k) => {
          const { condition } = held;
          const values = held.values.map((value, i) => value - valueAt(shift, i));
          const model = valueAt(members, k);
          const log = await model.logProb(values, { condition });
          return { log, latent: await model.encode(values, { condition }) };
        }),
      );
      for (const [s, logScale] of LOG_SCALES.entries())
        for (let i = 0; i < held.values.length; i++)
          logs[s]?.push(
            logSumExp(
              all.map(({ log, latent }) => {
                const z = valueAt(latent, i);
                return valueAt(log, i) + logScale + 0.5 * z * z * (1 - Math.exp(2 * logScale));
              }),
              members.length,
            ),
          );
    }
    const plain = valueAt(logs, LOG_SCALES.indexOf(0));
    const sums = logs.map((own, s) => sumOf(own) - 0.5 * (valueAt(LOG_SCALES, s) / EXPECTED) ** 2);
    const likeliestScale = likeliest(sums);
    const { mean, stdErr } = meanWithError(
      valueAt(logs, likeliestScale).map((log, i) => log - valueAt(plain, i)),
    );
    const isSure = mean > stdErr;
    const log = isSure ? valueAt(sums, likeliestScale) : sumOf(plain);
    const scale = isSure ? Math.exp(valueAt(LOG_SCALES, likeliestScale)) : 1;
    if (log > best.log) best = { centred, scale, log };
  }
  const { log: _, ...pool } = best;
  return pool;
}
