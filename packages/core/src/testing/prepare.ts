/** Numbers to look at a layer with: parameters, inputs and noises, as often as a distribution needs them. */
import { defaultDevice, type JsTree, numpy as np, random } from "@jax-js/jax";
import type { ArrayTree, FlowLayer } from "../layer.js";
import { makeRng, type Rng } from "../math/rng.js";
import {
  drawNoise,
  mapNoise,
  meanHostNoise,
  type NoiseDeclaration,
  type NoiseOf,
  type NoiseSpec,
  type NoiseTree,
} from "../noise.js";
import { fromHost, toHost } from "../params/host.js";
import { HostArray } from "../params/host-array.js";
import { parameterPaths } from "../params/parameter-paths.js";
import { treeFlatten, treeMap } from "../params/pytree.js";
import { sizeOf } from "../shape.js";
import type { Subject } from "./subject.js";

export type Precision = "float32" | "float64";

/**
 * Float64 is computed by jax-js's interpreter: the exp, log and tanh of its Wasm kernels are good to
 * float32 only, whatever the type. Float64 is never jitted: jax-js 0.1.25 gets scalar constants wrong.
 */
const devices = { float64: "cpu", float32: "wasm" } as const;

export const usePrecision = (precision: Precision): void => void defaultDevice(devices[precision]);

/** Host numbers as jax arrays of the precision. */
export const toJax = (a: HostArray, precision: Precision): np.Array =>
  precision === "float64"
    ? fromHost(new HostArray(Float64Array.from(a.data), a.shape, np.float64))
    : fromHost(new HostArray(Float32Array.from(a.data), a.shape, np.float32));

export const host = (data: readonly number[], shape: readonly number[]): HostArray =>
  new HostArray(Float64Array.from(data), shape, np.float64);

/** A tree of host numbers as parameters. */
export const toParams = (tree: JsTree<HostArray>, precision: Precision): ArrayTree =>
  treeMap((a: HostArray) => toJax(a, precision), tree) as ArrayTree;

export type Prepared = Readonly<{
  subject: Subject;
  precision: Precision;
  hostParams: HostTree;
  params(): ArrayTree;
  x(batch?: number): np.Array;
  /** An arbitrary output. */
  z(batch?: number): np.Array;
  forwardNoise(batch?: number): NoiseTree;
  inverseNoise(batch?: number): NoiseTree;
  meanNoise(spec: NoiseSpec, batch?: number): NoiseTree;
}>;

export type HostTree = NoiseOf<HostArray>;

type Moving = { seed?: number; spread?: number; given?: boolean };

/** Initial values moved off their start, where zeros hide terms; orthogonal ones stay orthogonal. */
export async function perturbedLike(
  layer: FlowLayer,
  rng: Rng,
  { seed = 1, spread = 0.3, given = false }: Moving,
): Promise<HostTree> {
  const initial = layer.init(random.key(seed));
  const leaves = parameterPaths(initial, layer.parameterKinds);
  const kept = parameterPaths(initial, layer.facts.frozenParameterKinds ?? "fixed");
  const { leaves: arrays, rebuild } = treeFlatten<np.Array>(initial);
  const moved: HostArray[] = [];
  for (const [i, array] of arrays.entries()) {
    const { data, shape } = await toHost(array);
    array.dispose();
    const values = Array.from(data);
    if (leaves[i]?.kind === "orthogonal")
      moved.push(host(reorthogonalized(values, shape[0] as number), shape));
    else if (given && kept[i]?.kind === "fixed") moved.push(host(values, shape));
    else moved.push(host(perturbed(values, shape, spread, rng), shape));
  }
  return rebuild(moved) as HostTree;
}

/** A function of a subject that is computed once for all laws. */
export function onceFor<T>(make: (subject: Subject) => T): (subject: Subject) => T {
  const known = new WeakMap<Subject, T>();
  return (subject) => {
    const found = known.get(subject) ?? make(subject);
    known.set(subject, found);
    return found;
  };
}

async function drawParams(subject: Subject): Promise<HostTree> {
  const rng = makeRng(subject.seed ?? 1, 11);
  return subject.params ? subject.params(rng) : perturbedLike(subject.layer, rng, subject);
}

/** The device decides how initial values are rounded. */
const hostParamsOf = { float32: onceFor(drawParams), float64: onceFor(drawParams) };

function perturbed(values: number[], shape: readonly number[], spread: number, rng: Rng): number[] {
  const unit = shape.length === 2 ? spread / Math.sqrt(shape[1] as number) : spread;
  return values.map((v) => v + unit * rng.normal());
}

/** The nearest orthogonal matrix to one that is orthogonal in float32: R ← R (3 − RᵀR) / 2, three times. */
function reorthogonalized(r: number[], n: number): number[] {
  for (let pass = 0; pass < 3; pass++) {
    const gram = new Array<number>(n * n).fill(0);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++)
        for (let k = 0; k < n; k++) gram[i * n + j]! += (r[k * n + i] as number) * (r[k * n + j] as number);
    const old = r;
    r = old.map((v, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      let product = 0;
      for (let k = 0; k < n; k++) product += (old[i * n + k] as number) * (gram[k * n + j] as number);
      return 1.5 * v - 0.5 * product;
    });
  }
  return r;
}

export async function prepare(subject: Subject, precision: Precision): Promise<Prepared> {
  usePrecision(precision);
  const { layer } = subject;
  const hostParams = await hostParamsOf[precision](subject);
  const numbers = (stream: number, length: number, draw: (rng: Rng) => number): number[] => {
    const rng = makeRng(subject.seed ?? 1, stream);
    return Array.from({ length }, () => draw(rng));
  };
  const toTree = (noise: NoiseOf<HostArray>): NoiseTree =>
    treeMap((a: HostArray) => toJax(a, precision), noise) as NoiseTree;
  const { batch: size = 3, levels = layer.facts.levels, scale = 1 } = subject;
  return {
    subject,
    precision,
    hostParams,
    params: () => toParams(hostParams, precision),
    x(batch = size) {
      const draw = levels ? (rng: Rng) => rng.integer(levels) : (rng: Rng) => scale * rng.normal();
      const shape = [batch, ...layer.inShape];
      return toJax(host(numbers(12, sizeOf(shape), draw), shape), precision);
    },
    z(batch = size) {
      const draw = drawIn(layer.facts.image);
      const shape = [batch, ...layer.outShape];
      return toJax(host(numbers(13, sizeOf(shape), draw), shape), precision);
    },
    forwardNoise: (batch = size) =>
      toTree(drawNoise(layer.forwardNoise, batch, makeRng(subject.seed ?? 1, 14))),
    inverseNoise: (batch = size) =>
      toTree(drawNoise(layer.inverseNoise, batch, makeRng(subject.seed ?? 1, 15))),
    meanNoise: (spec, batch = size) => toTree(meanHostNoise(spec, batch)),
  };
}

/** Numbers in an interval: uniform between two ends, normal without any, half-normal from one. */
function drawIn([low, high]: readonly [number, number] = [-Infinity, Infinity]): (rng: Rng) => number {
  if (Number.isFinite(low) && Number.isFinite(high)) return (rng) => low + (high - low) * rng.uniform();
  return Number.isFinite(low) ? (rng) => low + Math.abs(rng.normal()) : (rng) => rng.normal();
}

/** The declarations of a tree of noises, in order. */
export function declarationsOf(spec: NoiseSpec): NoiseDeclaration[] {
  const found: NoiseDeclaration[] = [];
  mapNoise(spec, (declaration) => found.push(declaration));
  return found;
}

export const noiseSize = (spec: NoiseSpec): number =>
  declarationsOf(spec).reduce((total, { shape }) => total + sizeOf(shape), 0);
