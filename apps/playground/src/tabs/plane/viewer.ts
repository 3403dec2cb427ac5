import { type Flow, type FlowModel, HostArray } from "@flowify/core";
import { ArraySpec, type Compiled } from "@flowify/core/internal";
import { numpy as np, tree } from "@jax-js/jax";
import { DRAWS, integral, mesh, midpoints, outsidePart, shown } from "./grid.js";
import { MESH, project, stagesOf } from "./stages.js";

const SAMPLES = 512;

/** A snapshot of a flow. */
export type PlaneView = Awaited<ReturnType<ReturnType<typeof planeViewer>["view"]>>;

/** Evaluates a flow on the plane and samples from it. The way of the mesh is compiled for the first view. */
export function planeViewer(flow: Flow, heldOut: Float32Array, seed: number) {
  const cells = midpoints();
  let stages: Compiled<object[]> | undefined;

  /** log p of every cell: exact, or the log of the mean of exp(bound) over a few samples. */
  const densityOf = async (model: FlowModel): Promise<Float64Array> =>
    flow.chain.exact
      ? model.logProb(cells, { seed })
      : (await model.importanceBound(cells, { samples: DRAWS, seed })).logProb;

  async function meshOf({ executor, params }: FlowModel): Promise<Float32Array[]> {
    const start = new HostArray(mesh(), [MESH, 2], np.float32);
    const specs = tree.map(({ shape, dtype }: HostArray) => new ArraySpec(shape, dtype), [params, start]);
    stages ??= await executor.compile(stagesOf(flow), specs);
    const out = await stages.run([params, start]);
    const after = await executor.fetch<HostArray[]>(out);
    executor.release(out);
    return [start, ...after].map(({ data, shape }) => project(data, shape[1]!));
  }

  return {
    /** Log-likelihoods are in nats. */
    async view(model: FlowModel, step: number) {
      const logDensity = await densityOf(model);
      const samples = await model.sampleFlat(SAMPLES, { seed });
      const { nats, ledger } = await model.evaluate(heldOut, { seed });
      return {
        step,
        /** Of the shown cells, row by row from the top. */
        logDensity: shown(logDensity),
        integral: integral(logDensity),
        /** Share of the samples outside of the integration square. */
        outside: outsidePart(samples),
        samples,
        /** Mean log p of held-out points, and the contribution of each layer. */
        logProb: nats,
        ledger: Float32Array.from(ledger, (line) => line.nats),
        /** The mesh before the first layer and after each layer, on the page. */
        mesh: await meshOf(model),
      };
    },
    async dispose(): Promise<void> {
      await stages?.dispose();
      stages = undefined;
    },
  };
}
