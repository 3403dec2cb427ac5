import type { Flow, FlowModel, HostArray } from "@flowify/core";
import { type ArrayTree, logSumExp } from "@flowify/core/layer";
import { type JsTree, lax, numpy as np, tree } from "@jax-js/jax";
import { valueAt } from "../places.js";
import { fillOf } from "../tables/columns/number.js";
import { hasCells } from "./cells.js";
import type { Regression } from "./regression.js";
import { NARROW, type TableRegression, type TargetInTable, type TargetModels } from "./table-regression.js";

/** The parameters of the flows of each target: those of its values, and those of its atoms. */
export type RegressionParams = { value: ArrayTree[]; atom: ArrayTree[] }[];

export const paramsOf = (model: TableRegression): JsTree<HostArray> =>
  model.models.map(({ value, atom }) => ({
    value: value.members.map(({ params }) => params),
    atom: (atom?.members ?? []).map(({ params }) => params),
  })) as never;

const noNoise = ({ chain }: Flow): never => chain.layers.map(() => ({})) as never;
const kept = (params: ArrayTree): never => tree.ref<never>(params as never);

const normalCdf = (z: np.Array): np.Array => lax.erfc(z.mul(-Math.SQRT1_2)).mul(0.5);

/** |Φ(b) − Φ(a)|, on the side where both are small. */
function between(a: np.Array, b: np.Array): np.Array {
  const side = np.where(np.greater(a.ref.add(b.ref), 0), -1, 1);
  return np.absolute(normalCdf(b.mul(side.ref)).sub(normalCdf(a.mul(side))));
}

/** What is added to the values of each flow, [B, 1], where it is not nothing. Borrows c and the parameters. */
function shiftsGraph(
  { members, flows, pool }: Regression,
  params: readonly ArrayTree[],
  c: np.Array,
): np.Array[] {
  if (pool.centred === 0 || flows.length < 2) return [];
  const medians = flows.map((_, k) => {
    const { flow } = members[k] as FlowModel;
    const none = np.zerosLike(c.ref.slice([], [0, 1]));
    return flow.decode(kept(params[k] as ArrayTree), none, noNoise(flow), c.ref);
  });
  const middle = np.mean(
    np.stack(
      medians.map((each) => each.ref),
      0,
    ),
    0,
  );
  const shifts = medians.map((each) => middle.ref.sub(each).mul(pool.centred));
  middle.dispose();
  return shifts;
}

/** Of values in cells how wide these are, if not a step, and where nothing lies below them: [B, 1] each. */
type Cells = Readonly<{ widths?: np.Array | undefined; least?: np.Array | undefined }>;

/** log p of values y [B, 1] given what flows see c [B, w]: [B]. Consumes y and c, borrows the parameters and the cells. */
function logProbGraph(
  model: Regression,
  params: readonly ArrayTree[],
  y: np.Array,
  c: np.Array,
  { widths, least }: Cells = {},
): np.Array {
  const { members, weights, kind } = model;
  const shifts = shiftsGraph(model, params, c);
  const each = (of: (model: FlowModel, own: ArrayTree, y: np.Array) => np.Array): np.Array => {
    const all = members.map((each, k) => {
      const shift = shifts[k];
      const own = shift ? y.ref.sub(shift) : y.ref;
      const log = of(each, params[k] as ArrayTree, own).add(Math.log(valueAt(weights, k)));
      own.dispose();
      return log;
    });
    y.dispose();
    c.dispose();
    return logSumExp(np.stack(all, 0), 0);
  };
  if (!hasCells(kind) && !widths)
    return each(({ flow }, own, y) => flow.logProb(kept(own), y.ref, noNoise(flow), c.ref));
  const { step = 1 } = kind;
  const noises = hasCells(kind) ? 1 : 0;
  return each((model, own, y) => {
    const { flow } = model.part(noises, model.flow.chain.layers.length);
    const latent = (end: np.Array): np.Array =>
      flow.encode(kept((own as never[]).slice(noises)), end, noNoise(flow), c.ref).reshape([-1]);
    const half = (): np.Array => widths?.ref.mul(0.5) ?? np.array(step / 2);
    const [low, high] = [latent(y.ref.sub(half())), latent(y.ref.add(half()))];
    const from = least ? np.where(least.ref.reshape([-1]), -FAR, low) : low;
    return np.log(np.maximum(between(from, high), widths ? LEAST : Number.MIN_VALUE));
  });
}

/** Beyond every latent. */
const FAR = 30;
/** Smallest float32 probability. */
const LEAST = 1e-38;

/** A value [B, 1] of the member that the uniform choice falls on at the normal noise z [B, 1]. Consumes z and c, borrows choice and the parameters. */
function drawGraph(
  model: Regression,
  params: readonly ArrayTree[],
  { z, choice, c }: Readonly<{ z: np.Array; choice: np.Array; c: np.Array }>,
): np.Array {
  const { members, weights, kind } = model;
  const shifts = shiftsGraph(model, params, c);
  const latent = kind.classes === undefined ? z : normalCdf(z);
  const place = weights
    .slice(0, -1)
    .map((_, k) => weights.slice(0, k + 1).reduce((a, b) => a + b))
    .reduce<np.Array>(
      (all, upTo) => all.add(np.greaterEqual(choice.ref, upTo).astype(np.float32)),
      np.zeros([1]),
    );
  const drawn = members
    .map(({ flow }, k) => {
      const value = flow.decode(kept(params[k] as ArrayTree), latent.ref, noNoise(flow), c.ref);
      const shift = shifts[k];
      return (shift ? value.add(shift) : value).mul(np.equal(place.ref, k).astype(np.float32));
    })
    .reduce((a, b) => a.add(b));
  for (const used of [place, latent, c]) used.dispose();
  return kind.classes === undefined ? drawn : np.minimum(np.maximum(np.round(drawn), 0), kind.classes - 1);
}

/** What flows see of a target's columns, of the numbers of encoded columns by their places. Borrows them. */
const conditionOf = (target: TargetInTable, cells: ReadonlyMap<number, np.Array>): np.Array =>
  target.features.f(
    np.concatenate(
      target.from.map((place) => (cells.get(place) as np.Array).ref),
      1,
    ),
  );

/** What is subtracted from the values of a target. Borrows the cells. */
function lastOf({ last, column }: TargetInTable, cells: ReadonlyMap<number, np.Array>): np.Array {
  const cell = cells.get(last)?.ref;
  return cell === undefined ? np.array(0) : np.where(np.isnan(cell.ref), fillOf(column), cell);
}

/** NaN where a target before this one is missing or new, else 0: [B]. Borrows the cells. */
const unknownBefore = (before: readonly TargetInTable[], cells: ReadonlyMap<number, np.Array>): np.Array =>
  before.reduce((all, { place, kind: { classes } }) => {
    const cell = (cells.get(place) as np.Array).ref.reshape([-1]);
    // false for NaN as well
    const isKnown = np.less(cell, classes ?? Number.POSITIVE_INFINITY);
    return all.add(np.where(isKnown, 0, Number.NaN));
  }, np.array(0));

/** A number among what flows see, [B, 1], if it is one. Borrows c. */
const feature = (c: np.Array, place: number): np.Array | undefined =>
  place < 0 ? undefined : c.ref.slice([], [place, place + 1]);

/** The least that a target may be. Borrows c. */
const leastGraph = ({ zero, zeroFeature }: TargetInTable, c: np.Array): np.Array | number | undefined =>
  feature(c, zeroFeature) ?? zero;

/** log p of numbers y by their steps, [B]: of narrow cells, and of those far out, by the density. Consumes all but the parameters. */
function numberGraph(
  target: TargetInTable,
  value: Regression,
  params: readonly ArrayTree[],
  { y, step, c }: Readonly<Record<"y" | "step" | "c", np.Array>>,
): np.Array {
  const widths = feature(c, target.grid);
  const zero = leastGraph(target, c);
  const least = zero === undefined ? undefined : np.lessEqual(y.ref, zero);
  y.dispose();
  const found = logProbGraph(value, params, step.ref, c.ref, { widths, least });
  least?.dispose();
  if (!widths) {
    for (const used of [step, c]) used.dispose();
    return found;
  }
  const width = widths.reshape([-1]);
  const density = logProbGraph(value, params, step, c).add(np.log(width.ref));
  const isNarrow = np.less(width, NARROW);
  const isFar = np.less(found.ref, Math.log(10 * LEAST));
  return np.where(isNarrow, density.ref, np.where(isFar, density, found));
}

/** log p of each target, [B, targets], of the numbers of all columns, NaN where one before it is missing or new. Consumes everything. */
export function tableLogProb(
  model: TableRegression,
  params: RegressionParams,
  cells: ReadonlyMap<number, np.Array>,
): np.Array {
  const logs = model.targets.map((target, t) => {
    const own = params[t] as RegressionParams[number];
    const { value, atom } = model.models[t] as TargetModels;
    const c = conditionOf(target, cells);
    const y = cells.get(target.place) as np.Array;
    const step = y.ref.sub(lastOf(target, cells));
    const known = unknownBefore(model.targets.slice(0, t), cells);
    if (!atom) return numberGraph(target, value, own.value, { y: y.ref, step, c }).add(known);
    const which = target.atoms
      .map((each, k) =>
        np
          .equal(y.ref, each)
          .astype(np.float32)
          .mul(k + 1),
      )
      .reduce((a, b) => a.add(b));
    const logAtom = logProbGraph(atom, own.atom, which.ref, c.ref);
    const apart = np.equal(which.reshape([-1]), 0);
    const log = numberGraph(target, value, own.value, { y: y.ref, step, c });
    return logAtom.add(np.where(apart, log, 0)).add(known);
  });
  for (const cell of cells.values()) cell.dispose();
  tree.dispose(params as never);
  return np.stack(logs, 1);
}

/** A value of each target in turn, [B, 1] each, of the numbers of the columns that are given. Consumes everything. */
export function tableSample(
  model: TableRegression,
  params: RegressionParams,
  given: ReadonlyMap<number, np.Array>,
  noise: readonly np.Array[],
  choice: np.Array,
): np.Array[] {
  const cells = new Map(given);
  const left = [...noise];
  const next = (): np.Array => left.shift() as np.Array;
  const drawn = model.targets.map((target, t) => {
    const own = params[t] as RegressionParams[number];
    const { value, atom } = model.models[t] as TargetModels;
    const c = conditionOf(target, cells);
    const seen = c.ref;
    const step = drawGraph(value, own.value, { z: next(), choice, c: atom ? c.ref : c });
    const widths = feature(seen, target.grid);
    const least = leastGraph(target, seen);
    seen.dispose();
    const onGrid = widths ? np.round(step.div(widths.ref)).mul(widths) : step;
    const free = onGrid.add(lastOf(target, cells));
    const plain = least === undefined ? free : np.maximum(free, least);
    const found = atom
      ? withAtoms(target, plain, drawGraph(atom, own.atom, { z: next(), choice, c }))
      : plain;
    cells.set(target.place, found.ref);
    return found;
  });
  for (const cell of cells.values()) cell.dispose();
  choice.dispose();
  tree.dispose(params as never);
  return drawn;
}

/** The atom that was chosen, or where that is none the value. Consumes both. */
function withAtoms({ atoms }: TargetInTable, value: np.Array, which: np.Array): np.Array {
  const found = atoms.reduce((all, atom, k) => np.where(np.equal(which.ref, k + 1), atom, all), value);
  which.dispose();
  return found;
}

/** Columns of noise that a sample takes. */
export const noisesOf = ({ models }: TableRegression): number =>
  models.reduce((sum, { atom }) => sum + (atom ? 2 : 1), 0);
