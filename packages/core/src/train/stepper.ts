import { type JsTree, numpy as np } from "@jax-js/jax";
import type { Executor, PlacedArray } from "../executor/executor.js";
import { splitBatch } from "../executor/parts.js";
import { HostArray } from "../params/host-array.js";
import type { ParameterPath } from "../params/parameter-paths.js";
import { treeFlatten } from "../params/pytree.js";
import { type BatchShare, sumPlaced } from "./batch-share.js";
import { type Culprit, nonFiniteGradient, nonFiniteLayer } from "./diagnose.js";
import { compilePrograms, type ProgramOptions, pickByKind } from "./programs.js";
import type { HostState } from "./state.js";
import type { ByPath } from "./step.js";

export type StepperOptions = ProgramOptions & {
  /** Where the state starts; asked for when everything is compiled. */
  start: () => Promise<HostState>;
};

/** Departure of the orthogonal parameters at which they are reorthogonalized. */
export const DRIFT_LIMIT = 2e-6;

/** Reorthogonalizations (of two Newton–Schulz steps) that take an average of orthogonal matrices back to an orthogonal one. */
const PROJECTIONS = 3;

type Tree = JsTree<PlacedArray>;
type Placed = ByPath<PlacedArray>;
type Moments = ByPath<{ first: PlacedArray; second: PlacedArray }>;
type Descent = { gradients: Placed; loss: PlacedArray; gradNorm: PlacedArray; factor: PlacedArray };

/**
 * What a step replaces, where the executor computes. The spares are results of the step before: the next one writes over
 * them, so that training allocates nothing.
 */
type PlacedState = {
  /** Parameters, in the order of their paths. */
  values: PlacedArray[];
  moments: Moments;
  drift: PlacedArray;
  average: Placed;
  spares: { parts: Tree[]; sum?: Tree; descent?: Descent; matrices?: Placed };
};

const tree = (value: object): Tree => value;
const into = (spare: object | undefined): { into?: Tree } => (spare ? { into: tree(spare) } : {});

async function placeState(executor: Executor, from: HostState): Promise<Omit<PlacedState, "spares">> {
  const place = async (host: object) => executor.place(tree(host) as JsTree<HostArray>);
  return {
    values: treeFlatten(await executor.place(from.params)).leaves,
    moments: (await place(from.moments)) as unknown as Moments,
    drift: await executor.place(from.drift),
    average: (await place(from.average)) as unknown as Placed,
  };
}

const startState = async ({ executor, start }: StepperOptions): Promise<PlacedState> => ({
  ...(await placeState(executor, await start())),
  spares: { parts: [] },
});

/**
 * Keeps the state of training where the executor computes, and takes steps. What a step replaces is
 * written over the old; a step whose loss is not finite leaves the state as it was.
 */
export async function makeStepper(options: StepperOptions) {
  const { flow, executor, leaves, share } = options;
  const { rebuild } = treeFlatten(options.params);
  const programs = await compilePrograms(options);
  const { rows, parts, gradient, sum, descent, update, orthogonal, averaging } = programs;
  const state = await startState(options).catch(async (error: unknown) => {
    await programs.dispose();
    throw error;
  });

  const number = async (leaf: PlacedArray): Promise<number> =>
    ((await executor.fetch(leaf)) as HostArray).data[0] as number;
  const valuesOf = (...kinds: ParameterPath["kind"][]): Placed => pickByKind(leaves, state.values, ...kinds);
  const replaceValues = (next: Placed): void => {
    state.values = state.values.map((value, i) => next[(leaves[i] as ParameterPath).path] ?? value);
  };

  /** The sum of the parts over all processes, in place of the parts. */
  const sumOfAll = async (all: BatchShare): Promise<Tree[]> => {
    const { spares } = state;
    if (!sum) {
      spares.parts = [await sumPlaced(executor, all, spares.parts[0] as Tree)];
      return spares.parts;
    }
    const mine = await sum.run(spares.parts, into(spares.sum));
    spares.sum = await sumPlaced(executor, all, mine);
    return [spares.sum];
  };

  /** Loss, gradients, and their norm, at the parameters of this moment. Replaces the spares alone. */
  const descend = async (x: HostArray, noise: JsTree<HostArray>): Promise<Descent> => {
    const { spares } = state;
    const all = rebuild(state.values);
    // all calls in one go, so that the workers run side by side
    spares.parts = await Promise.all(
      splitBatch([x, noise] as const, parts).map((part, worker) =>
        gradient.run([all, ...part], { worker, ...into(spares.parts[worker]) }),
      ),
    );
    const found = descent
      ? await descent.run(
          [tree(valuesOf("orthogonal")), ...(share ? await sumOfAll(share) : spares.parts)],
          into(spares.descent),
        )
      : spares.parts[0];
    spares.descent = found as unknown as Descent;
    return spares.descent;
  };

  /** Adam: new moments, new Euclidean parameters, and the rotation Ω of each orthogonal one. */
  const moveEuclidean = async (at: Descent, scalars: JsTree<HostArray>): Promise<Placed> => {
    const replaced = { values: valuesOf("euclidean"), moments: state.moments };
    // Ω takes the place of the skew gradient that it is made from
    const skew = Object.keys(valuesOf("orthogonal")).map((path) => [path, at.gradients[path] as PlacedArray]);
    const next = (await update.run(
      [tree(replaced), tree(at.gradients), at.factor, scalars],
      into({ ...replaced, omegas: Object.fromEntries(skew) }),
    )) as unknown as { values: Placed; moments: Moments; omegas: Placed };
    state.moments = next.moments;
    replaceValues(next.values);
    Object.assign(at.gradients, next.omegas);
    return next.omegas;
  };

  /** Turns the orthogonal parameters by their Ω, and takes their departure away where it has become too large. */
  const turnOrthogonal = async (omegas: Placed): Promise<void> => {
    if (!orthogonal) return;
    const { spares, drift } = state;
    const before = valuesOf("orthogonal");
    const spare = spares.matrices && { matrices: spares.matrices, drift };
    const next = (await orthogonal.retract.run(
      [tree(before), tree(omegas), drift],
      into(spare),
    )) as unknown as {
      matrices: Placed;
      drift: PlacedArray;
    };
    if (!spare) executor.release(drift);
    spares.matrices = before;
    state.drift = next.drift;
    const tooFar = (await number(next.drift)) > DRIFT_LIMIT;
    if (!tooFar) {
      replaceValues(next.matrices);
      return;
    }
    replaceValues((await orthogonal.reorthogonalize.run([tree(next.matrices)])) as unknown as Placed);
    executor.release(tree(next.matrices));
    executor.release(next.drift);
    state.drift = await executor.place(new HostArray(new Float32Array(1), [], np.float32));
  };

  const moveAverage = async (decay: HostArray): Promise<void> => {
    if (!averaging) return;
    const { average } = state;
    const moved = valuesOf("euclidean", "orthogonal");
    const next = await averaging.run([tree(average), tree(moved), decay], into(average));
    state.average = next as unknown as Placed;
  };

  const releaseState = (): void => {
    const { values, moments, drift, average } = state;
    executor.release(tree([values, tree(moments), drift, tree(average)]));
  };

  return {
    rows,
    flops: programs.flops,
    traceMs: programs.traceMs,
    compileMs: programs.compileMs,

    /** One step on the examples of `rows`; `decay` is that of the weight average. Where the loss or the gradient's norm is not finite, the state stays as it was. */
    async take(
      x: HostArray,
      noise: JsTree<HostArray>,
      scalars: JsTree<HostArray>,
      decay: HostArray,
    ): Promise<{ loss: number; gradNorm: number }> {
      const at = await descend(x, noise);
      const now = { loss: await number(at.loss), gradNorm: await number(at.gradNorm) };
      if (!Number.isFinite(now.loss) || !Number.isFinite(now.gradNorm)) return now;
      await turnOrthogonal(await moveEuclidean(at, scalars));
      await moveAverage(decay);
      return now;
    },

    /** The first layer whose output is not finite on this whole batch, with the example; undefined where all of them are. */
    async nonFiniteLayer(x: HostArray, noise: JsTree<HostArray>): Promise<Culprit | undefined> {
      const health = await programs.health();
      const out = await health.run([rebuild(state.values), x, noise]);
      const readings = (await executor.fetch(out)) as HostArray;
      executor.release(out);
      return nonFiniteLayer(flow, readings);
    },

    /** Whose gradient the step before was not finite in. */
    async nonFiniteGradient(): Promise<Culprit> {
      const { gradients } = state.spares.descent as Descent;
      return nonFiniteGradient(flow, (await executor.fetch(tree(gradients))) as ByPath<HostArray>);
    },

    /** Puts another state in the place of this one. */
    async restore(from: HostState): Promise<void> {
      releaseState();
      Object.assign(state, await placeState(executor, from));
    },

    /** Compares the parameters with those of the other processes. */
    async compare({ compare }: BatchShare, step: number): Promise<void> {
      const placed = state.values;
      const values = (executor.peek?.(placed) ?? (await executor.fetch(placed))) as HostArray[];
      const named = values.map(
        ({ data }, i) => [(leaves[i] as ParameterPath).path, data as Float32Array] as const,
      );
      await compare(new Map(named), step);
    },

    /** The state, copied to the host. */
    async fetch(): Promise<HostState> {
      const { values, moments, drift, average } = state;
      const placed = tree({ params: rebuild(values), moments, drift, average });
      return (await executor.fetch(placed)) as unknown as HostState;
    },

    /** Takes matrices that are averages of orthogonal ones to the nearest orthogonal ones. */
    async project(averages: JsTree<HostArray>): Promise<JsTree<HostArray>> {
      if (!orthogonal) return averages;
      const all = treeFlatten(averages).leaves;
      let mine = await executor.place(tree(pickByKind(leaves, all, "orthogonal")) as JsTree<HostArray>);
      for (let k = 0; k < PROJECTIONS; k++) {
        const next = await orthogonal.reorthogonalize.run([mine]);
        executor.release(mine);
        mine = next;
      }
      const matrices = (await executor.fetch(mine)) as unknown as ByPath<HostArray>;
      executor.release(mine);
      return rebuild(leaves.map(({ path }, i) => matrices[path] ?? (all[i] as HostArray)));
    },

    async dispose(): Promise<void> {
      const { spares } = state;
      releaseState();
      if (spares.matrices) executor.release(tree(spares.matrices));
      for (const spare of spares.parts) executor.release(spare);
      if (spares.sum) executor.release(spares.sum);
      if (descent && spares.descent) executor.release(tree(spares.descent));
      await programs.dispose();
    },
  };
}
