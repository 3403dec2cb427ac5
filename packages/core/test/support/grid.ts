/** Integrals of densities over grids, in float32 on Wasm: many points at once. */
import { numpy as np } from "@jax-js/jax";
import type { Flow } from "../../src/flow.js";
import { makeRng } from "../../src/math/rng.js";
import { drawNoise, mapNoise, mapTreeOfNoise, meanNoise } from "../../src/noise.js";
import { floats, fromHost } from "../../src/params/host.js";
import { treeRef } from "../../src/params/pytree.js";
import { numbersOf } from "../../src/testing/arrays.js";
import { perturbedLike, toParams } from "../../src/testing/prepare.js";

export type Params = Parameters<Flow["logProb"]>[0];

/** Random parameters, moved off their start. */
export const randomParams = async (flow: Flow, seed: number, spread = 0.4): Promise<Params> =>
  toParams(await perturbedLike(flow.chain, makeRng(seed), { spread, seed }), "float32") as Params;

/** Points that are computed at once: the memory of one call stays small. */
const CHUNK = 40_000;

/** log p of many points given as rows; `noise`, where the flow draws one number, holds one a point. */
export async function logProbs(
  flow: Flow,
  params: Params,
  points: Float32Array,
  noise?: Float32Array,
): Promise<number[]> {
  const [width] = flow.inShape as [number];
  const logs: number[] = [];
  for (let start = 0; start < points.length / width; start += CHUNK) {
    const rows = points.slice(start * width, (start + CHUNK) * width);
    const count = rows.length / width;
    const drawn = noise
      ? mapNoise(flow.forwardNoise, ({ shape }) =>
          floats(noise.slice(start, start + CHUNK), [count, ...shape]),
        )
      : meanNoise(flow.forwardNoise, count, np.float32);
    const own = flow.logProb(treeRef(params), floats(rows, [count, width]), drawn);
    for (const log of await numbersOf(own)) logs.push(log);
  }
  return logs;
}

/** Midpoints of a square grid on [−limit, limit]², as rows. */
export function squareGrid(limit: number, cells: number): { points: Float32Array; area: number } {
  const step = (2 * limit) / cells;
  const points = new Float32Array(2 * cells * cells);
  for (let i = 0; i < cells; i++)
    for (let j = 0; j < cells; j++)
      points.set([-limit + (i + 0.5) * step, -limit + (j + 0.5) * step], 2 * (i * cells + j));
  return { points, area: step * step };
}

/** ∫ exp(log p) over a square of the plane. */
export async function mass(flow: Flow, params: Params, limit: number, cells: number): Promise<number> {
  const { points, area } = squareGrid(limit, cells);
  const logs = await logProbs(flow, params, points);
  return logs.reduce((sum, v) => sum + Math.exp(v) * area, 0);
}

/** log p(x, ε) of points given as rows, a draw of ε for each. */
export async function drawnLogProbs(flow: Flow, params: Params, points: Float32Array): Promise<number[]> {
  const width = flow.dimensions;
  const logs: number[] = [];
  for (let start = 0; start < points.length / width; start += CHUNK) {
    const rows = points.slice(start * width, (start + CHUNK) * width);
    const count = rows.length / width;
    const noise = mapTreeOfNoise(drawNoise(flow.forwardNoise, count, makeRng(start + 1)), (a) => fromHost(a));
    const own = flow.logProb(treeRef(params), floats(rows, [count, ...flow.inShape]), noise);
    for (const log of await numbersOf(own)) logs.push(log);
  }
  return logs;
}

/** ∫ exp(log p) over a square of the plane, a draw of the noise at every point: right in expectation. */
export async function drawnMass(flow: Flow, params: Params, limit: number, cells: number): Promise<number> {
  const { points, area } = squareGrid(limit, cells);
  const logs = await drawnLogProbs(flow, params, points);
  return logs.reduce((sum, v) => sum + Math.exp(v) * area, 0);
}
