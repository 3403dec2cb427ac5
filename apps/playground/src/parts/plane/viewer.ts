import { drawNoise, type Executor, type Flow, type HostArray, makeRng, type NoiseTree } from "@flowify/core";
import type { JsTree, numpy as np } from "@jax-js/jax";
import { compileRows, type RowsFunction, specsOf } from "../../worker/compile-rows.js";
import type { Viewer } from "../../worker/training.js";
import type { PlaneView } from "./calls.js";
import { integral, MESH_LINES, MESH_POINTS, mesh, midpoints, SHOWN, shown } from "./grid.js";
import { backwardStages, forwardStages, project, widen } from "./stages.js";

/** Rows of one call. */
const ROWS = 1024;
const SAMPLES = 512;
/** Draws of the noise whose mean is the density, where the flow is a bound: p(x) = E exp(bound). */
const DRAWS = 4;
/** Half the side of the mesh on the latent: of a standard normal, and of a uniform law on [−1, 1]. */
const LATENT = { standardNormal: 2.5, uniform: 0.98 } as const;

type Params = Parameters<Flow["logProb"]>[0];
type Placed = JsTree<object>;

/** Measures and draws a flow on the plane; everything is compiled at the first look. */
export async function makePlaneViewer(
  flow: Flow,
  executor: Executor,
  { heldOut, seed }: { heldOut: Float32Array; seed: number },
): Promise<Viewer<PlaneView>> {
  const cells = midpoints();
  const half = LATENT[flow.base.name as keyof typeof LATENT];
  const latentMesh = widen(mesh(half), flow.latentShape[0]!);
  let compiled: Awaited<ReturnType<typeof compileAll>> | undefined;

  async function compileAll(host: JsTree<HostArray>) {
    const params = specsOf(host);
    const meshRows = { params, rows: 2 * MESH_LINES * MESH_POINTS, noise: {} };
    const draw = (p: Params, _x: np.Array, noise: { base: NoiseTree; inverse: NoiseTree }): np.Array =>
      flow.decode(p, flow.base.draw(noise.base), noise.inverse);
    return {
      ledger: await compileRows(executor, flow.ledger, {
        params,
        rows: ROWS,
        shape: [2],
        noise: flow.forwardNoise,
      }),
      forward: await compileRows(executor, forwardStages(flow), { ...meshRows, shape: [2] }),
      backward: await compileRows(executor, backwardStages(flow), { ...meshRows, shape: flow.latentShape }),
      sample: await compileRows(executor, draw, {
        params,
        rows: SAMPLES,
        shape: [],
        noise: { base: flow.baseNoise, inverse: flow.inverseNoise },
      }),
    };
  }

  /** Contributions of points, a row a point: [n, K + 1]. */
  async function ledgerOf(
    run: RowsFunction,
    params: Placed,
    points: Float32Array,
    draw: number,
  ): Promise<Float32Array> {
    const count = points.length / 2;
    const out = new Float32Array(count * flow.ledgerLines.length);
    for (let done = 0, part = 0; done < count; done += ROWS, part++) {
      const here = Math.min(ROWS, count - done);
      const x = new Float32Array(2 * ROWS);
      x.set(points.subarray(2 * done, 2 * (done + here)));
      const rng = makeRng(seed, 11, draw, part);
      const rows = (await run.run(params, x, drawNoise(flow.forwardNoise, ROWS, rng))) as HostArray;
      out.set(
        (rows.data as Float32Array).subarray(0, here * flow.ledgerLines.length),
        done * flow.ledgerLines.length,
      );
    }
    return out;
  }

  /** log p of every cell: exact, or the log of the mean of a few draws of the bound. */
  async function densityOf(run: RowsFunction, params: Placed): Promise<Float64Array> {
    const draws = flow.exact ? 1 : DRAWS;
    const density = new Float64Array(cells.length / 2);
    for (let k = 0; k < draws; k++)
      sums(await ledgerOf(run, params, cells, k), flow.ledgerLines.length).forEach((value, i) => {
        density[i]! += Math.exp(value) / draws;
      });
    return density.map(Math.log);
  }

  async function stagesOf(run: RowsFunction, params: Placed, start: Float32Array): Promise<Float32Array[]> {
    const after = (await run.run(params, start, {})) as HostArray[];
    const dimensions = start.length / run.rows;
    return [project(start, dimensions), ...after.map(({ data, shape }) => project(data, shape[1]!))];
  }

  const all = async (host: JsTree<HostArray>) => {
    compiled ??= await compileAll(host);
    return compiled;
  };
  /** What each layer adds to the mean log p of held-out points. */
  const heldOutLedger = async (run: RowsFunction, params: Placed): Promise<Float32Array> =>
    means(await ledgerOf(run, params, heldOut, 0), flow.ledgerLines.length);

  return {
    measure: async (host) => sum(await heldOutLedger((await all(host)).ledger, host)),
    async view(host, step) {
      const { ledger: scores, sample, forward, backward } = await all(host);
      const params = await executor.place(host);
      try {
        const noise = drawNoise(
          { base: flow.baseNoise, inverse: flow.inverseNoise },
          SAMPLES,
          makeRng(seed, 12, step),
        );
        const logDensity = await densityOf(scores, params);
        const samples = (await sample.run(params, new Float32Array(SAMPLES), noise)) as HostArray;
        const ledger = await heldOutLedger(scores, params);
        return {
          step,
          logDensity: shown(logDensity),
          integral: integral(logDensity),
          samples: samples.data as Float32Array,
          logProb: sum(ledger),
          ledger,
          forward: await stagesOf(forward, params, mesh(SHOWN)),
          backward: await stagesOf(backward, params, latentMesh),
        };
      } finally {
        executor.release(params);
      }
    },
    async dispose() {
      for (const each of Object.values(compiled ?? {})) await each.dispose();
    },
  };
}

const sum = (values: Float32Array): number => values.reduce((a, b) => a + b, 0);

/** Sums of rows. */
function sums(rows: Float32Array, width: number): Float64Array {
  const out = new Float64Array(rows.length / width);
  rows.forEach((value, i) => {
    out[Math.floor(i / width)]! += value;
  });
  return out;
}

/** Means of columns, added in double precision. */
function means(rows: Float32Array, width: number): Float32Array {
  const out = new Float64Array(width);
  rows.forEach((value, i) => {
    out[i % width]! += value;
  });
  return Float32Array.from(out, (sum) => (sum * width) / rows.length);
}
