import { bitsPerDimension, type Executor, type Flow, type HostArray } from "@flowify/core";
import { drawNoise, makeRng, meanNoise, type NoiseTree } from "@flowify/core/layer";
import type { JsTree, numpy as np } from "@jax-js/jax";
import { compileRows, type RowsFunction, specsOf } from "../../worker/compile-rows.js";
import { heldOutMeter, sum } from "../../worker/ledger-rows.js";
import type { Viewer } from "../../worker/training.js";
import type { ImagesView } from "./calls.js";
import { PAIRS, SAMPLES, STEPS_BETWEEN } from "./config.js";

/** Images of one call. */
const MEAN_ROWS = 16;

type Params = Parameters<Flow["logProb"]>[0];
type Host = JsTree<HostArray>;

/** Computations with a flow of images, besides a view. */
export type ImagesViewer = Viewer<ImagesView> &
  Readonly<{
    sample(params: Host, temperature: number, seed: number): Promise<Uint8Array>;
    ledgerOf(params: Host, images: Uint8Array): Promise<Float32Array>;
    between(params: Host, from: Uint8Array, to: Uint8Array): Promise<Uint8Array>;
  }>;

/** Samples from and measures a flow of images. Each function is compiled at its first call. */
export async function makeImagesViewer(
  flow: Flow,
  executor: Executor,
  { heldOut, seed, temperature }: { heldOut: Uint8Array; seed: number; temperature: () => number },
): Promise<ImagesViewer> {
  const image = flow.domain.shape;
  const made = new Map<string, Promise<RowsFunction>>();
  const functions = {
    sample: (p: Params, _x: np.Array, noise: { base: NoiseTree; inverse: NoiseTree }) =>
      flow.decode(p, flow.base.draw(noise.base), noise.inverse),
    encode: (p: Params, x: np.Array) => flow.encode(p, x, meanNoise(flow.forwardNoise, MEAN_ROWS)),
    decode: (p: Params, z: np.Array) => flow.decode(p, z, meanNoise(flow.inverseNoise, MEAN_ROWS)),
  };
  const sizes = {
    sample: { rows: SAMPLES, shape: [], noise: { base: flow.baseNoise, inverse: flow.inverseNoise } },
    encode: { rows: MEAN_ROWS, shape: image, noise: {} },
    decode: { rows: MEAN_ROWS, shape: flow.latentShape, noise: {} },
  } as const;

  const compiled = (name: keyof typeof functions, params: Host): Promise<RowsFunction> => {
    let found = made.get(name);
    if (!found) {
      found = compileRows(executor, functions[name], { params: specsOf(params), ...sizes[name] });
      made.set(name, found);
    }
    return found;
  };
  /** Any number of rows up to that of the function, padded with zeros. */
  async function call(
    name: "encode" | "decode",
    params: Host,
    rows: ArrayLike<number>,
  ): Promise<Float32Array> {
    const x = new Float32Array(MEAN_ROWS * sizes[name].shape.reduce((a, b) => a * b, 1));
    x.set(rows);
    const { data } = (await (await compiled(name, params)).run(params, x, {})) as HostArray;
    return data as Float32Array;
  }

  const meter = heldOutMeter(flow, executor, heldOut, seed);
  const viewer: ImagesViewer = {
    measure: meter.measure,
    ledgerOf: meter.ledgerOf,
    async view(params, step) {
      const originals = heldOut.slice(0, PAIRS * flow.dimensions);
      const latents = await call("encode", params, originals);
      const reconstructions = bytes(await call("decode", params, latents)).slice(0, originals.length);
      const ledger = await meter.ledger(params);
      const logProb = sum(ledger);
      return {
        step,
        samples: await viewer.sample(params, temperature(), seed),
        originals,
        reconstructions,
        logProb,
        bitsPerDimension: bitsPerDimension(logProb, flow.dimensions),
        ledger,
      };
    },
    async sample(params, warmth, drawn) {
      const spec = { base: flow.baseNoise, inverse: flow.inverseNoise };
      const noise = drawNoise(spec, SAMPLES, makeRng(drawn, 21), warmth);
      const run = await compiled("sample", params);
      return bytes(((await run.run(params, new Float32Array(SAMPLES), noise)) as HostArray).data);
    },
    async between(params, from, to) {
      const latents = await call("encode", params, [...from, ...to]);
      const size = flow.latentShape.reduce((a, b) => a * b, 1);
      const line = new Float32Array(STEPS_BETWEEN * size);
      for (const i of line.keys()) {
        const t = Math.floor(i / size) / (STEPS_BETWEEN - 1);
        line[i] = (1 - t) * latents[i % size]! + t * latents[size + (i % size)]!;
      }
      return bytes(await call("decode", params, line)).slice(0, STEPS_BETWEEN * flow.dimensions);
    },
    async dispose() {
      await meter.dispose();
      for (const each of made.values()) await (await each).dispose();
    },
  };
  return viewer;
}

/** Grey levels as bytes. */
const bytes = (values: ArrayLike<number>): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Uint8ClampedArray.from(values).buffer);
