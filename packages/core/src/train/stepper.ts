import { type JsTree, numpy as np } from "@jax-js/jax";
import { ArraySpec, type Compiled, type Executor, type PlacedArray } from "../executor/executor.js";
import { partsOf, splitBatch } from "../executor/parts.js";
import type { Flow } from "../flow.js";
import { mapNoise, noiseShape } from "../noise.js";
import { HostArray } from "../params/host-array.js";
import type { ParameterPath } from "../params/parameter-paths.js";
import { treeFlatten } from "../params/pytree.js";
import { sizeOf } from "../shape.js";
import { type Culprit, makeHealth, nonFiniteGradient, nonFiniteLayer } from "./diagnose.js";
import type { HostState } from "./state.js";
import {
  averageAll,
  type ByPath,
  makeDescent,
  makeGradient,
  makeUpdate,
  makeWholeDescent,
  reorthogonalizeAll,
  retractAll,
} from "./step.js";

export type StepperOptions = {
  flow: Flow;
  executor: Executor;
  leaves: readonly ParameterPath[];
  /** Shapes of the parameters. */
  params: JsTree<ArraySpec>;
  /** Where the state starts; asked for when everything is compiled. */
  start: () => Promise<HostState>;
  batchSize: number;
  /** Gradients are scaled down to this global norm. Infinity: never. */
  clip: number;
  /** Decay of the weight average a step, 0 for none. */
  ema: number;
};

/** Departure of the orthogonal parameters at which they are reorthogonalized. */
export const DRIFT_LIMIT = 2e-6;

/** Reorthogonalizations (of two Newton–Schulz steps) that take an average of orthogonal matrices back to an orthogonal one. */
const PROJECTIONS = 3;

type Placed = ByPath<PlacedArray>;
type Moments = { first: PlacedArray; second: PlacedArray };
type Tree = JsTree<PlacedArray>;
type Descent = { gradients: Placed; loss: PlacedArray; gradNorm: PlacedArray; factor: PlacedArray };
const tree = (value: object): Tree => value;
const intoOf = (into: Tree | undefined): { into?: Tree } => (into ? { into } : {});

/**
 * In how many parts the gradient is computed. Each part has a gradient of every parameter, to be copied and added up, so
 * parts pay where a batch makes about as many numbers on its way as there are parameters: convolutions, not wide dense layers.
 */
function gradientParts({ flow, executor, batchSize }: StepperOptions, parameters: number): number {
  const made = flow.chain.layers.reduce((sum, { outShape }) => sum + sizeOf(outShape), 0);
  return 4 * batchSize * made >= parameters ? partsOf(executor, batchSize) : 1;
}

/** What the gradient is compiled for. */
export const gradientSpecs = (flow: Flow, params: JsTree<ArraySpec>, batch: number) =>
  [
    params,
    new ArraySpec([batch, ...flow.inShape], np.float32),
    mapNoise<ArraySpec>(flow.forwardNoise, (d) => new ArraySpec(noiseShape(d, batch), np.float32)),
  ] as const;

/**
 * Keeps the state of training where the executor computes, and takes steps. What a step replaces is
 * written over the old; a step whose loss is not finite leaves the state as it was.
 */
export async function makeStepper(options: StepperOptions) {
  const { flow, executor, leaves, params, batchSize, clip, ema } = options;
  const scalar = new ArraySpec([], np.float32);
  const adam = { rate: scalar, floor: scalar };
  const { leaves: specs, rebuild } = treeFlatten(params);
  const pick = <T>(values: readonly T[], ...kinds: ParameterPath["kind"][]): ByPath<T> =>
    Object.fromEntries(
      leaves.flatMap(({ path, kind }, i) => (kinds.includes(kind) ? [[path, values[i] as T]] : [])),
    );
  const [free, square] = [pick(specs, "euclidean"), pick(specs, "orthogonal")];
  const moving = { ...pick(specs, "euclidean", "orthogonal") };
  const momentSpecs = Object.fromEntries(
    Object.entries(moving).map(([path, s]) => [path, { first: s, second: s }]),
  );
  const hasSquare = Object.keys(square).length > 0;

  const compiled: Compiled[] = [];
  const compile = async (
    name: string,
    f: unknown,
    args: readonly unknown[],
    workers = false,
  ): Promise<Compiled> => {
    const done = await executor.compile(f as never, args as JsTree<ArraySpec>[], {
      name,
      workers,
      itemwise: true,
    });
    compiled.push(done);
    return done;
  };
  const parts = gradientParts(
    options,
    Object.values(moving).reduce((sum, { shape }) => sum + sizeOf(shape), 0),
  );
  const gradient = await compile(
    "gradient",
    parts > 1 ? makeGradient(flow, leaves, parts) : makeWholeDescent(flow, leaves, clip),
    gradientSpecs(flow, params, batchSize / parts),
    parts > 1,
  );
  const part = { gradients: moving, loss: scalar };
  const descent =
    parts > 1
      ? await compile("descent", makeDescent(clip), [square, ...new Array(parts).fill(part)])
      : undefined;
  const update = await compile("update", makeUpdate(leaves), [
    { values: free, moments: momentSpecs },
    moving,
    scalar,
    { euclidean: adam, orthogonal: adam },
  ]);
  const retraction = hasSquare
    ? await compile("retraction", retractAll, [square, square, scalar])
    : undefined;
  const reorthogonalize = hasSquare
    ? await compile("reorthogonalize", reorthogonalizeAll, [square])
    : undefined;
  const averaging = ema > 0 ? await compile("average", averageAll, [moving, moving, scalar]) : undefined;

  const placeState = async (from: HostState) => ({
    values: treeFlatten(await executor.place(from.params)).leaves,
    moments: (await executor.place(tree(from.moments) as JsTree<HostArray>)) as unknown as ByPath<Moments>,
    drift: (await executor.place(from.drift)) as PlacedArray,
    average: (await executor.place(tree(from.average) as JsTree<HostArray>)) as unknown as Placed,
  });
  let { values, moments, drift, average } = await placeState(await options.start());
  // results of the step before, to be written over
  let spareParts: Tree[] = [];
  let spareGradient: Tree | undefined;
  let spareMatrices: Placed | undefined;
  let health: Compiled | undefined; // compiled when it is first asked for

  const number = async (leaf: PlacedArray): Promise<number> =>
    ((await executor.fetch(leaf)) as HostArray).data[0] as number;
  const replace = (next: Placed): void => {
    leaves.forEach(({ path }, i) => {
      if (next[path]) values[i] = next[path];
    });
  };

  const turn = async (omegas: Placed): Promise<void> => {
    if (!retraction || !reorthogonalize) return;
    const before = pick(values, "orthogonal");
    const into = spareMatrices ? { into: tree({ matrices: spareMatrices, drift }) } : {};
    const next = (await retraction.run([tree(before), tree(omegas), drift], into)) as unknown as {
      matrices: Placed;
      drift: PlacedArray;
    };
    if (!spareMatrices) executor.release(drift);
    drift = next.drift;
    spareMatrices = before;
    if ((await number(drift)) > DRIFT_LIMIT) {
      const reorthogonalized = (await reorthogonalize.run([tree(next.matrices)])) as unknown as Placed;
      executor.release(tree(next.matrices));
      executor.release(drift);
      drift = await executor.place(new HostArray(new Float32Array(1), [], np.float32));
      replace(reorthogonalized);
    } else replace(next.matrices);
  };

  return {
    flops: compiled.every((c) => c.flops === undefined)
      ? undefined
      : parts * (gradient.flops ?? 0) +
        (descent?.flops ?? 0) +
        (update.flops ?? 0) +
        (retraction?.flops ?? 0),
    traceMs: compiled.reduce((sum, c) => sum + c.traceMs, 0),
    compileMs: compiled.reduce((sum, c) => sum + c.compileMs, 0),

    /** One step; `decay` is that of the weight average. Where the loss or the gradient's norm is not finite, the state stays as it was. */
    async take(
      x: HostArray,
      noise: JsTree<HostArray>,
      scalars: JsTree<HostArray>,
      decay: HostArray,
    ): Promise<{ loss: number; gradNorm: number }> {
      const all = rebuild(values);
      // all calls in one go, so that the workers run side by side
      const results = await Promise.all(
        splitBatch([x, noise] as const, parts).map((part, worker) =>
          gradient.run([all, ...part], { worker, ...intoOf(spareParts[worker]) }),
        ),
      );
      spareParts = results;
      const at = (descent
        ? await descent.run([tree(pick(values, "orthogonal")), ...results], intoOf(spareGradient))
        : results[0]) as unknown as Descent;
      spareGradient = tree(at);
      const now = { loss: await number(at.loss), gradNorm: await number(at.gradNorm) };
      if (!Number.isFinite(now.loss) || !Number.isFinite(now.gradNorm)) return now;
      const state = { values: pick(values, "euclidean"), moments };
      // Ω takes the place of the skew gradient that it is made from
      const omegas = Object.fromEntries(
        Object.keys(square).map((path) => [path, at.gradients[path] as PlacedArray]),
      );
      const next = (await update.run([tree(state), tree(at.gradients), at.factor, scalars], {
        into: tree({ ...state, omegas }),
      })) as unknown as { values: Placed; moments: ByPath<Moments>; omegas: Placed };
      moments = next.moments;
      replace(next.values);
      Object.assign(at.gradients, next.omegas);
      await turn(next.omegas);
      if (averaging) {
        const moved = tree(pick(values, "euclidean", "orthogonal"));
        average = (await averaging.run([tree(average), moved, decay], {
          into: tree(average),
        })) as unknown as Placed;
      }
      return now;
    },

    /** The first layer whose output is not finite on this batch, with the example; undefined where all of them are. */
    async nonFiniteLayer(x: HostArray, noise: JsTree<HostArray>): Promise<Culprit | undefined> {
      health ??= await compile("health", makeHealth(flow), gradientSpecs(flow, params, batchSize));
      const out = await health.run([rebuild(values), x, noise]);
      const readings = (await executor.fetch(out)) as HostArray;
      executor.release(out);
      return nonFiniteLayer(flow, readings);
    },

    /** Whose gradient the step before was not finite in. */
    async nonFiniteGradient(): Promise<Culprit> {
      const { gradients } = (await executor.fetch(spareGradient as Tree)) as {
        gradients: ByPath<HostArray>;
      };
      return nonFiniteGradient(flow, gradients);
    },

    /** Puts another state in the place of this one. */
    async restore(from: HostState): Promise<void> {
      executor.release(tree([values, tree(moments), drift, tree(average)] as never));
      ({ values, moments, drift, average } = await placeState(from));
    },

    /** The state, copied to the host. */
    fetch: async (): Promise<HostState> =>
      (await executor.fetch(
        tree({ params: rebuild(values), moments, drift, average }),
      )) as unknown as HostState,

    /** Takes matrices that are averages of orthogonal ones to the nearest orthogonal ones. */
    async project(averages: JsTree<HostArray>): Promise<JsTree<HostArray>> {
      if (!reorthogonalize) return averages;
      const all = treeFlatten(averages).leaves;
      let mine = await executor.place(tree(pick(all, "orthogonal")) as JsTree<HostArray>);
      for (let k = 0; k < PROJECTIONS; k++) {
        const next = await reorthogonalize.run([mine]);
        executor.release(mine);
        mine = next;
      }
      const matrices = (await executor.fetch(mine)) as unknown as ByPath<HostArray>;
      executor.release(mine);
      return rebuild(leaves.map(({ path }, i) => matrices[path] ?? (all[i] as HostArray)));
    },

    async dispose(): Promise<void> {
      executor.release(
        tree([values, tree(moments), drift, tree(average), tree(spareMatrices ?? {})] as never),
      );
      for (const spare of spareParts) executor.release(spare);
      if (descent && spareGradient) executor.release(spareGradient);
      for (const each of compiled) await each.dispose();
    },
  };
}
