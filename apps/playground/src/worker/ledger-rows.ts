import type { Executor, Flow, HostArray } from "@flowify/core";
import { drawNoise, makeRng, type Rng } from "@flowify/core/layer";
import type { JsTree } from "@jax-js/jax";
import { compileRows, type RowsFunction, specsOf } from "./compile-rows.js";

/**
 * The ledger of a flow for any number of examples, one row per example. `run` is its compiled ledger, `rng` the noise
 * of a batch part.
 */
export async function ledgerRows(
  flow: Flow,
  run: RowsFunction,
  params: JsTree<object>,
  examples: Float32Array | Uint8Array,
  rng: (part: number) => Rng,
): Promise<Float32Array> {
  const { dimensions: size } = flow;
  const width = flow.ledgerLines.length;
  const count = examples.length / size;
  const out = new Float32Array(count * width);
  for (let done = 0, part = 0; done < count; done += run.rows, part++) {
    const here = Math.min(run.rows, count - done);
    const x = new Float32Array(run.rows * size);
    x.set(examples.subarray(done * size, (done + here) * size));
    const { data } = (await run.run(
      params,
      x,
      drawNoise(flow.forwardNoise, run.rows, rng(part)),
    )) as HostArray;
    out.set((data as Float32Array).subarray(0, here * width), done * width);
  }
  return out;
}

/** Contribution of each layer to the mean of log p, summed in double precision. */
export function meanLedger(rows: Float32Array, { ledgerLines: { length: width } }: Flow): Float32Array {
  const out = new Float64Array(width);
  rows.forEach((value, i) => {
    out[i % width]! += value;
  });
  return Float32Array.from(out, (total) => (total * width) / rows.length);
}

/** log p of each row. */
export function logProbs(rows: Float32Array, { ledgerLines: { length: width } }: Flow): Float64Array {
  const out = new Float64Array(rows.length / width);
  rows.forEach((value, i) => {
    out[Math.floor(i / width)]! += value;
  });
  return out;
}

export const sum = (values: Float32Array): number => values.reduce((a, b) => a + b, 0);

/** Images in one measuring call. */
const ROWS = 64;

/** Measures mean log p of images, with the same noise each time; compiled at its first call. */
export function heldOutMeter(flow: Flow, executor: Executor, images: Uint8Array, seed: number) {
  let compiled: RowsFunction | undefined;
  const ledgerOf = async (params: JsTree<HostArray>, of: Uint8Array): Promise<Float32Array> => {
    compiled ??= await compileRows(executor, flow.ledger, {
      params: specsOf(params),
      rows: ROWS,
      shape: flow.domain.shape,
      noise: flow.forwardNoise,
    });
    return ledgerRows(flow, compiled, params, of, (part) => makeRng(seed, 22, part));
  };
  /** Contribution of each layer to the mean log p of the images. */
  const ledger = async (params: JsTree<HostArray>): Promise<Float32Array> =>
    meanLedger(await ledgerOf(params, images), flow);
  return {
    ledgerOf,
    ledger,
    measure: async (params: JsTree<HostArray>): Promise<number> => sum(await ledger(params)),
    dispose: async (): Promise<void> => compiled?.dispose(),
  };
}
