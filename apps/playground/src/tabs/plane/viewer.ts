import type { Executor, Flow, FlowModel, HostArray } from "@flowify/core";
import { drawNoise, makeRng } from "@flowify/core/layer";
import type { JsTree } from "@jax-js/jax";
import type { Viewer } from "../../worker/training.js";
import type { PlaneView } from "./calls.js";
import { compileRows, type RowsFunction, specsOf } from "./compile-rows.js";
import { integral, MESH_LINES, MESH_POINTS, mesh, midpoints, outsidePart, SHOWN, shown } from "./grid.js";
import { DRAWS } from "./integral-note.js";
import { backwardStages, forwardStages, project, widen } from "./stages.js";

/** Cells in one call. */
const ROWS = 1024;
const SAMPLES = 512;
/** Half the side of the mesh on the latent: for a standard normal, and for a uniform distribution on [−1, 1]. */
const LATENT = { standardNormal: 2.5, uniform: 0.98 } as const;

type Placed = JsTree<object>;

/** Evaluates a flow on the plane and samples from it. Everything is compiled for the first view. */
export function planeViewer(flow: Flow, heldOut: Float32Array, seed: number): Viewer<PlaneView> {
  const cells = midpoints();
  const half = LATENT[flow.base.name as keyof typeof LATENT];
  const latentMesh = widen(mesh(half), flow.latentShape[0]!);
  let compiled: Awaited<ReturnType<typeof compileAll>> | undefined;

  async function compileAll(executor: Executor, host: JsTree<HostArray>) {
    const params = specsOf(host);
    const meshRows = { params, rows: 2 * MESH_LINES * MESH_POINTS, noise: {} };
    const { forwardNoise: noise, latentShape } = flow;
    return {
      logProb: await compileRows(executor, flow.logProb, { params, rows: ROWS, shape: [2], noise }),
      forward: await compileRows(executor, forwardStages(flow), { ...meshRows, shape: [2] }),
      backward: await compileRows(executor, backwardStages(flow), { ...meshRows, shape: latentShape }),
    };
  }

  /** log p of every cell: exact, or the log of the mean of exp(bound) over a few samples. */
  async function densityOf(run: RowsFunction, params: Placed): Promise<Float64Array> {
    const draws = flow.chain.exact ? 1 : DRAWS;
    const count = cells.length / 2;
    const density = new Float64Array(count);
    for (let done = 0, part = 0; done < count; done += ROWS, part++) {
      const x = new Float32Array(2 * ROWS);
      x.set(cells.subarray(2 * done, 2 * (done + ROWS)));
      for (let k = 0; k < draws; k++) {
        const noise = drawNoise(flow.forwardNoise, ROWS, makeRng(seed, 11, k, part));
        const { data } = (await run.run(params, x, noise)) as HostArray;
        for (let i = done; i < Math.min(done + ROWS, count); i++)
          density[i]! += Math.exp(data[i - done]!) / draws;
      }
    }
    return density.map(Math.log);
  }

  async function stagesOf(run: RowsFunction, params: Placed, start: Float32Array): Promise<Float32Array[]> {
    const after = (await run.run(params, start, {})) as HostArray[];
    const dimensions = start.length / run.rows;
    return [project(start, dimensions), ...after.map(({ data, shape }) => project(data, shape[1]!))];
  }

  return {
    async view(model: FlowModel, step: number) {
      compiled ??= await compileAll(model.executor, model.params);
      const params = await model.executor.place(model.params);
      try {
        const logDensity = await densityOf(compiled.logProb, params);
        const samples = await model.sampleFlat(SAMPLES, { seed });
        const { nats, ledger } = await model.evaluate(heldOut, { seed });
        return {
          step,
          logDensity: shown(logDensity),
          integral: integral(logDensity),
          outside: outsidePart(samples),
          samples,
          logProb: nats,
          ledger: Float32Array.from(ledger, (line) => line.nats),
          forward: await stagesOf(compiled.forward, params, mesh(SHOWN)),
          backward: await stagesOf(compiled.backward, params, latentMesh),
        };
      } finally {
        model.executor.release(params);
      }
    },
    async dispose() {
      const all = Object.values(compiled ?? {});
      compiled = undefined;
      for (const each of all) await each.dispose();
    },
  };
}
