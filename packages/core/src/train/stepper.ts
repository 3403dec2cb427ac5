import { type JsTree, numpy as np } from "@jax-js/jax";
import { ArraySpec, type Compiled, type Executor, HostArray, type PlacedArray } from "../executor.js";
import type { Flow } from "../flow.js";
import { mapNoise, noiseShape } from "../noise.js";
import { treeFlatten, treeMap } from "../trees.js";
import { makeHealth } from "./diagnose.js";
import type { Leaf } from "./leaves.js";
import type { HostState } from "./state.js";
import { makeTrainStep, polishAll, type StepOptions } from "./step.js";

export type StepperOptions = StepOptions & {
  flow: Flow;
  executor: Executor;
  leaves: readonly Leaf[];
  /** Where the state starts. */
  host: HostState;
  batchSize: number;
};

/** Departure of the orthogonal parameters at which they are polished. */
export const DRIFT_LIMIT = 2e-6;

/** Newton–Schulz steps that take an average of orthogonal matrices back to an orthogonal one. */
const PROJECTION_STEPS = 6;

type PlacedState = { params: JsTree<PlacedArray>; drift: PlacedArray };
type PlacedResult = { state: PlacedState; loss: PlacedArray; gradNorm: PlacedArray };

const placed = (tree: PlacedResult | PlacedState): JsTree<PlacedArray> =>
  tree as unknown as JsTree<PlacedArray>;

/**
 * Keeps the state of training where the executor computes, and takes steps. The state of the step
 * before last is written over, so that a step allocates nothing; a step whose loss is not finite
 * leaves the state as it was.
 */
export async function makeStepper({ flow, executor, leaves, host, batchSize, clip, ema }: StepperOptions) {
  const spec = (a: HostArray): ArraySpec => new ArraySpec(a.shape, a.dtype);
  const scalar = new ArraySpec([], np.float32);
  const adam = { rate: scalar, floor: scalar };
  const xSpec = new ArraySpec([batchSize, ...flow.inShape], np.float32);
  const noiseSpec = mapNoise(
    flow.forwardNoise,
    (d) => new ArraySpec(noiseShape(d, batchSize), np.float32),
  ) as JsTree<ArraySpec>;
  const step = await executor.compile(
    makeTrainStep(flow, leaves, { clip, ema }) as never,
    [treeMap(spec, host as JsTree<HostArray>), xSpec, noiseSpec, { euclidean: adam, orthogonal: adam }],
    { name: "train_step" },
  );
  const orthogonal = leaves.flatMap((leaf, i) => (leaf.manifold === "orthogonal" ? [i] : []));
  const hostLeaves = treeFlatten(host.params).leaves;
  const polish: Compiled | undefined = orthogonal.length
    ? await executor.compile(polishAll as never, [orthogonal.map((i) => spec(hostLeaves[i] as HostArray))], {
        name: "polish",
      })
    : undefined;

  let current = (await executor.place(host as JsTree<HostArray>)) as unknown as PlacedState;
  let last: PlacedResult | undefined; // the result that `current` is part of
  let spare: PlacedResult | undefined; // the one before it

  const number = async (leaf: PlacedArray): Promise<number> =>
    ((await executor.fetch(leaf as JsTree<PlacedArray>)) as HostArray).data[0] as number;

  const polishState = async (state: PlacedState): Promise<void> => {
    if (!polish) return;
    const all = treeFlatten(state.params);
    const mine = orthogonal.map((i) => all.leaves[i] as PlacedArray);
    const polished = treeFlatten(await polish.run([mine])).leaves as PlacedArray[];
    executor.release([...mine, state.drift]);
    const next = [...all.leaves];
    orthogonal.forEach((i, k) => {
      next[i] = polished[k] as PlacedArray;
    });
    state.params = all.rebuild(next);
    state.drift = (await executor.place(new HostArray(new Float32Array(1), [], np.float32))) as PlacedArray;
  };

  return {
    flops: step.flops,
    traceMs: step.traceMs + (polish?.traceMs ?? 0),
    compileMs: step.compileMs + (polish?.compileMs ?? 0),

    /** One step. Where the loss or the gradient's norm is not finite, the state stays as it was. */
    async take(
      x: HostArray,
      noise: JsTree<HostArray>,
      scalars: JsTree<HostArray>,
    ): Promise<{ loss: number; gradNorm: number }> {
      const into = spare ? { into: placed(spare) } : {};
      spare = undefined;
      const result = (await step.run([placed(current), x, noise, scalars], into)) as unknown as PlacedResult;
      const loss = await number(result.loss);
      const gradNorm = await number(result.gradNorm);
      if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) {
        executor.release(placed(result));
        return { loss, gradNorm };
      }
      if ((await number(result.state.drift)) > DRIFT_LIMIT) await polishState(result.state);
      if (last) spare = last;
      else executor.release(placed(current));
      last = result;
      current = result.state;
      return { loss, gradNorm };
    },

    /** The first layer whose output is not finite on this batch; undefined where all of them are. */
    async firstNotFinite(x: HostArray, noise: JsTree<HostArray>): Promise<string | undefined> {
      const health = await executor.compile(
        makeHealth(flow) as never,
        [treeMap(spec, host.params), xSpec, noiseSpec],
        {
          name: "health",
        },
      );
      const out = await health.run([current.params, x, noise]);
      const readings = (await executor.fetch(out)) as HostArray;
      executor.release(out);
      await health.dispose();
      const worst = Array.from(readings.data).findIndex((reading) => !Number.isFinite(reading));
      return flow.ledgerLines[worst]?.layer;
    },

    /** The state, copied to the host. */
    fetch: async (): Promise<HostState> => (await executor.fetch(placed(current))) as unknown as HostState,

    /** Takes matrices that are averages of orthogonal ones to the nearest orthogonal ones. */
    async project(params: JsTree<HostArray>): Promise<JsTree<HostArray>> {
      if (!polish) return params;
      const all = treeFlatten(params);
      let mine = await executor.place(orthogonal.map((i) => all.leaves[i] as HostArray));
      for (let k = 0; k < PROJECTION_STEPS; k++) {
        const next = await polish.run([mine]);
        executor.release(mine);
        mine = next;
      }
      const matrices = treeFlatten((await executor.fetch(mine)) as JsTree<HostArray>).leaves;
      executor.release(mine);
      const out = [...all.leaves];
      orthogonal.forEach((i, k) => {
        out[i] = matrices[k] as HostArray;
      });
      return all.rebuild(out);
    },

    async dispose(): Promise<void> {
      executor.release(placed(last ?? current));
      if (spare) executor.release(placed(spare));
      await step.dispose();
      await polish?.dispose();
    },
  };
}
