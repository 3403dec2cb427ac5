import { type JsTree, numpy as np } from "@jax-js/jax";
import type { PlacedArray } from "../executor/executor.js";
import { splitBatch } from "../executor/parts.js";
import { named, nth } from "../lists.js";
import { HostArray } from "../params/host-array.js";
import type { TrainedPath } from "../params/parameter-paths.js";
import { treeFlatten } from "../params/pytree.js";
import type { BatchShare } from "./batch-share.js";
import { type Culprit, nonFiniteGradient, nonFiniteLayer } from "./diagnose.js";
import { stepsBack } from "./orthogonal-step.js";
import {
  into,
  type Placed,
  type PlacedGradient,
  type PlacedState,
  placeState,
  tree,
} from "./placed-state.js";
import { compilePrograms, movingKinds, type ProgramOptions, pickByKind } from "./programs.js";
import { type Descent, makeSharedStep } from "./shared-step.js";
import type { HostState } from "./state.js";
import type { ByPath } from "./step.js";

export type StepperOptions = ProgramOptions & {
  /** Where the state starts; asked for when everything is compiled. */
  start: () => Promise<HostState>;
};

/** Examples, their noise, and their conditions where the flow has one. */
export type Batch = readonly JsTree<HostArray>[];

/** What the products behind the update move by, where the executor computes. */
type PlacedMoves = { omegas: Placed; momenta: Placed };

/** Newton–Schulz steps that take an average of orthogonal matrices back to an orthogonal one. */
const PROJECTIONS = 6;

/**
 * Keeps the state of training where the executor computes, and takes steps. What a step replaces is
 * written over the old; a step whose loss is not finite leaves the state as it was.
 */
export async function makeStepper(options: StepperOptions) {
  const { flow, executor, leaves, share, clip, parts } = options;
  const { rebuild } = treeFlatten(options.params);
  const programs = await compilePrograms(options);
  const { rows, gradient, sum, descent, mine, update, retract, muon, reorthogonalize, averaging } = programs;
  const startState = async (): Promise<PlacedState> => ({
    ...(await placeState(executor, await options.start())),
    spares: { parts: [] },
  });
  const state = await startState().catch(async (error: unknown) => {
    await programs.dispose();
    throw error;
  });
  const shared = share && makeSharedStep(executor, share, programs, { leaves, clip });

  const number = async (leaf: PlacedArray): Promise<number> =>
    nth((await executor.fetch<HostArray>(leaf)).data, 0);
  /** Of all parameters of these kinds, or of those that are moved here. */
  const allOf = (...kinds: TrainedPath["kind"][]): Placed => pickByKind(leaves, state.values, ...kinds);
  const mineOf = (...kinds: TrainedPath["kind"][]): Placed => pickByKind(mine, state.values, ...kinds);
  const replaceValues = (next: Placed): void => {
    state.values = state.values.map((value, i) => next[nth(leaves, i).path] ?? value);
  };

  /** The gradient of the examples that are computed here, in one part; of several processes. */
  const gradientHere = (): PlacedGradient => state.spares.sum ?? nth(state.spares.parts, 0);

  /** Loss, gradients, and their norm, at the parameters of this moment. Replaces the spares alone. */
  const descend = async (batch: Batch): Promise<Descent> => {
    const { spares } = state;
    const all = rebuild(state.values);
    // all calls in one go, so that the workers run side by side
    spares.parts = await Promise.all(
      splitBatch(batch, parts).map((part, worker) =>
        gradient.run([all, ...part], { worker, ...into(spares.parts[worker]) }),
      ),
    );
    if (shared) {
      if (sum) spares.sum = await sum.run(spares.parts, into(spares.sum));
      const here = gradientHere();
      const { gradients, loss } = here;
      const found = await shared.descend({ gradients, loss: await number(loss) });
      here.gradients = found.gradients;
      return found;
    }
    const placed = descent ? await descent.run(spares.parts, into(spares.descent)) : nth(spares.parts, 0);
    const { gradients, loss, gradNorm, factor } = placed;
    if (!gradNorm || !factor) throw new RangeError("the gradient of a whole batch has no norm");
    spares.descent = placed;
    return { gradients, factor, loss: await number(loss), gradNorm: await number(gradNorm) };
  };

  /** New moments, new Euclidean parameters, and what the others move by. */
  const moveEuclidean = async (at: Descent, scalars: JsTree<HostArray>): Promise<PlacedMoves> => {
    if (!update) return { omegas: {}, momenta: {} };
    const paths = Object.keys(mineOf(...movingKinds));
    const moments = Object.fromEntries(paths.map((path) => [path, named(state.moments, path)]));
    const replaced = { values: mineOf("euclidean"), moments };
    // Ω takes the place of the skew gradient that it is made from, a momentum that of the gradient
    const gradientsOf = (kind: TrainedPath["kind"]): Placed =>
      Object.fromEntries(Object.keys(mineOf(kind)).map((path) => [path, named(at.gradients, path)]));
    const next = await update.run(
      [tree(replaced), tree(at.gradients), at.factor, scalars],
      into({ ...replaced, omegas: gradientsOf("orthogonal"), momenta: gradientsOf("kernel") }),
    );
    state.moments = { ...state.moments, ...next.moments };
    replaceValues(next.values);
    Object.assign(at.gradients, next.omegas, next.momenta);
    return next;
  };

  const setDrift = async (value: number): Promise<void> => {
    executor.release(state.drift);
    state.drift = await executor.place(new HostArray(Float32Array.of(value), [], np.float32));
  };

  /** Turns the orthogonal parameters by their Ω. */
  const turnOrthogonal = async (omegas: Placed): Promise<void> => {
    if (!retract) return;
    const { spares, drift } = state;
    const before = mineOf("orthogonal");
    const spare = spares.matrices && { matrices: spares.matrices, drift };
    const next = await retract.run([tree(before), tree(omegas), drift], into(spare));
    if (!spare) executor.release(drift);
    spares.matrices = before;
    state.drift = next.drift;
    replaceValues(next.matrices);
  };

  /** Moves the kernels of convolutions by their orthogonalized momenta. */
  const moveKernels = async (momenta: Placed, rate: HostArray): Promise<void> => {
    if (!muon) return;
    const { spares } = state;
    const before = mineOf("kernel");
    const next = await muon.run([tree(before), tree(momenta), rate], into(spares.kernels));
    spares.kernels = before;
    replaceValues(next);
  };

  /** Takes the departure of the orthogonal parameters away where it has become too large, in all processes alike. */
  const straighten = async (): Promise<void> => {
    if (!reorthogonalize) return;
    const here = await number(state.drift);
    const drift = shared ? await shared.largest(here) : here;
    const steps = stepsBack(drift);
    if (steps === 0) {
      if (drift !== here) await setDrift(drift);
      return;
    }
    for (let k = 0; k < steps; k++) {
      const matrices = allOf("orthogonal");
      replaceValues(await reorthogonalize.run([tree(matrices)]));
      executor.release(tree(matrices));
    }
    await setDrift(0);
  };

  const moveAverage = async (decay: HostArray): Promise<void> => {
    if (!averaging) return;
    const { average } = state;
    const moved = allOf(...movingKinds);
    state.average = await averaging.run([tree(average), tree(moved), decay], into(average));
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

    /** One step on the examples of `rows`; `rate` is that of Muon, `decay` that of the weight average. Where the loss or the gradient's norm is not finite, the state stays as it was. */
    async take(
      batch: Batch,
      scalars: JsTree<HostArray>,
      { rate, decay }: Readonly<Record<"rate" | "decay", HostArray>>,
    ): Promise<{ loss: number; gradNorm: number }> {
      const at = await descend(batch);
      const now = { loss: at.loss, gradNorm: at.gradNorm };
      if (!Number.isFinite(now.loss) || !Number.isFinite(now.gradNorm)) return now;
      const { omegas, momenta } = await moveEuclidean(at, scalars);
      await turnOrthogonal(omegas);
      await moveKernels(momenta, rate);
      if (shared) {
        state.values = await shared.spreadValues(state.values);
        state.momentsApart = true;
      }
      await straighten();
      await moveAverage(decay);
      return now;
    },

    /** The first layer whose output is not finite on this whole batch, with the example; undefined where all of them are. */
    async nonFiniteLayer(batch: Batch): Promise<Culprit | undefined> {
      const health = await programs.health();
      const out = await health.run([rebuild(state.values), ...batch]);
      const readings = await executor.fetch<HostArray>(out);
      executor.release(out);
      return nonFiniteLayer(flow, readings);
    },

    /** Whose gradient the step before was not finite in. */
    async nonFiniteGradient(): Promise<Culprit> {
      const at = state.spares.descent ?? gradientHere();
      if (shared) at.gradients = await shared.spreadGradients(at.gradients);
      const { gradients } = at;
      return nonFiniteGradient(flow, await executor.fetch<ByPath<HostArray>>(gradients));
    },

    /** Puts another state in the place of this one. */
    async restore(from: HostState): Promise<void> {
      releaseState();
      Object.assign(state, await placeState(executor, from));
    },

    /** Compares the parameters with those of the other processes. */
    async compare({ compare }: BatchShare, step: number): Promise<void> {
      const placed = state.values;
      const values = executor.peek?.<HostArray[]>(placed) ?? (await executor.fetch<HostArray[]>(placed));
      const named = values.map(({ data }, i) => [nth(leaves, i).path, data as Float32Array] as const);
      await compare(new Map(named), step);
    },

    /** Parameters and their averages, copied to the host. */
    async fetchValues(): Promise<Pick<HostState, "params" | "average">> {
      const { values, average } = state;
      return executor.fetch<Pick<HostState, "params" | "average">>({ params: rebuild(values), average });
    },

    /** The state, copied to the host; of several processes all call it. */
    async fetch(): Promise<HostState> {
      if (shared && state.momentsApart) state.moments = await shared.spreadMoments(state.moments);
      state.momentsApart = false;
      const { values, moments, drift, average } = state;
      return executor.fetch<HostState>({ params: rebuild(values), moments, drift, average });
    },

    /** Takes matrices that are averages of orthogonal ones to the nearest orthogonal ones. */
    async project(averages: JsTree<HostArray>): Promise<JsTree<HostArray>> {
      if (!reorthogonalize) return averages;
      const all = treeFlatten(averages).leaves;
      let turned: Placed = await executor.place(pickByKind(leaves, all, "orthogonal"));
      for (let k = 0; k < PROJECTIONS; k++) {
        const next = await reorthogonalize.run([turned]);
        executor.release(turned);
        turned = next;
      }
      const matrices = await executor.fetch<ByPath<HostArray>>(turned);
      executor.release(turned);
      return rebuild(leaves.map(({ path }, i) => matrices[path] ?? nth(all, i)));
    },

    async dispose(): Promise<void> {
      const { spares } = state;
      releaseState();
      for (const spare of [spares.matrices, spares.kernels]) if (spare) executor.release(tree(spare));
      for (const spare of spares.parts) executor.release(spare);
      if (spares.sum) executor.release(spares.sum);
      if (descent && spares.descent) executor.release(tree(spares.descent));
      shared?.dispose();
      await programs.dispose();
    },
  };
}
