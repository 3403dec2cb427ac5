import type { Executor, Flow, HostArray } from "@flowify/core";
import { drawNoise, makeRng, type NoiseTree } from "@flowify/core/layer";
import type { JsTree, numpy as np } from "@jax-js/jax";
import { compileRows, type RowsFunction, specsOf } from "../../worker/compile-rows.js";
import { ledgerRows, logProbs, meanLedger, sum } from "../../worker/ledger-rows.js";
import type { Viewer } from "../../worker/training.js";
import type { PlaneView } from "./calls.js";
import { integral, MESH_LINES, MESH_POINTS, mesh, midpoints, outsidePart, SHOWN, shown } from "./grid.js";
import { DRAWS } from "./integral-note.js";
import { backwardStages, forwardStages, project, widen } from "./stages.js";

/** Rows in one call. */
const ROWS = 1024;
const SAMPLES = 512;
/** Half the side of the mesh on the latent: for a standard normal, and for a uniform distribution on [−1, 1]. */
const LATENT = { standardNormal: 2.5, uniform: 0.98 } as const;

type Params = Parameters<Flow["logProb"]>[0];
type Placed = JsTree<object>;

/** Evaluates a flow on the plane and samples from it. Everything is compiled for the first view. */
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

  const ledgerOf = (run: RowsFunction, params: Placed, points: Float32Array, draw: number) =>
    ledgerRows(flow, run, params, points, (part) => makeRng(seed, 11, draw, part));

  /** log p of every cell: exact, or the log of the mean of exp(bound) over a few samples. */
  async function densityOf(run: RowsFunction, params: Placed): Promise<Float64Array> {
    const draws = flow.chain.exact ? 1 : DRAWS;
    const density = new Float64Array(cells.length / 2);
    for (let k = 0; k < draws; k++)
      logProbs(await ledgerOf(run, params, cells, k), flow).forEach((value, i) => {
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
  /** Contribution of each layer to the mean log p of held-out points. */
  const heldOutLedger = async (run: RowsFunction, params: Placed): Promise<Float32Array> =>
    meanLedger(await ledgerOf(run, params, heldOut, 0), flow);

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
          outside: outsidePart(samples.data as Float32Array),
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
