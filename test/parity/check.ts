/** Runs a case through our layers in both precisions and says how far the numbers are apart. */
import { flow } from "@flowify/core";
import type { ArrayTree, FlowLayer, NoiseDeclaration, NoiseSpec, NoiseTree } from "@flowify/core/layer";
import { linear } from "@flowify/core/layers";
import { defaultDevice, numpy as np, random, tree } from "@jax-js/jax";
import { build } from "./builders.js";
import { CaseError, type ParityCase, Tensor, type Tensors } from "./case.js";
import { type Built, Names, type TensorTree } from "./names.js";

/** The largest errors allowed, relative to the largest entry of what is compared. */
export const LIMITS = { float64: 1e-8, float32: 1e-4 } as const;
type Precision = keyof typeof LIMITS;

/** Where each precision is computed: exp, log and tanh of jax-js's Wasm kernels are float32's in float64 too. */
const devices = { float64: "cpu", float32: "wasm" } as const;

/** Entries below this are compared absolutely: a contribution may be 0. */
const UNIT = 0.1;

export type ParityResult = Readonly<{
  worst: { readonly [P in Precision]: number };
  /** What was furthest off, of both precisions, relative to its limit: `float32 inverse[1].x`. */
  where: string;
  ok: boolean;
}>;

/**
 * Float64 in jax-js from plain numbers, as the exact sum of three float32 parts: Node 20 lacks a
 * name that jax-js needs before it takes float64 data.
 */
function toJax({ shape, data }: Tensor, precision: Precision): np.Array {
  const part = (values: readonly number[]): np.Array =>
    np.array(Float32Array.from(values), { shape: [...shape], dtype: np.float32 });
  if (precision === "float32") return part(data);
  if (data.length === 0) return part(data).astype(np.float64);
  const middle = data.map((v) => v - Math.fround(v));
  const low = middle.map((v) => v - Math.fround(v));
  return [data, middle, low].map((p) => part(p).astype(np.float64)).reduce((a, b) => a.add(b));
}

function toTree(tensors: TensorTree, precision: Precision): ArrayTree {
  if (tensors instanceof Tensor) return toJax(tensors, precision);
  if (Array.isArray(tensors)) return tensors.map((child: TensorTree) => toTree(child, precision));
  return Object.fromEntries(Object.entries(tensors).map(([name, child]) => [name, toTree(child, precision)]));
}

const isDeclaration = (spec: NoiseSpec): spec is NoiseDeclaration =>
  typeof (spec as NoiseDeclaration).distribution === "string";

/** Every noise at its mean. */
function meanNoise(spec: NoiseSpec, batch: number, precision: Precision): NoiseTree {
  if (isDeclaration(spec))
    return np.full([batch, ...spec.shape], spec.distribution === "uniform" ? 0.5 : 0, {
      dtype: np[precision],
    });
  if (Array.isArray(spec)) return spec.map((child: NoiseSpec) => meanNoise(child, batch, precision));
  return Object.fromEntries(
    Object.entries(spec).map(([name, child]) => [name, meanNoise(child, batch, precision)]),
  );
}

/**
 * What the reference's contribution of a tile may lie above the formula, relative to ½ ‖noise‖².
 *
 * It draws the noise of a pixel's copies as a radius times a direction, and divides the direction by
 * its length plus a small number: the copies get a little less noise than the radius that its
 * contribution is computed from. How much less depends on a draw that the files do not hold; it is
 * never more, and the copies themselves agree to all digits.
 */
const TILE_SLACK = 2e-4;

/** Per example, what a contribution may be off because of `TILE_SLACK`. */
function tileSlack(noise: Tensors, batch: number): readonly number[] {
  const slack = new Array<number>(batch).fill(0);
  for (const [name, { data }] of Object.entries(noise))
    if (/(^|\.)tile$/.test(name))
      data.forEach((epsilon, i) => {
        slack[Math.floor((i * batch) / data.length)]! += 0.5 * TILE_SLACK * epsilon * epsilon;
      });
  return slack;
}

/**
 * |ours − theirs| at its largest, in units of their largest entry, beyond what theirs may lie above
 * (`slack`, an entry an example). Throws where the shapes differ.
 */
async function distance(
  ours: np.Array,
  theirs: Tensor,
  what: string,
  slack?: readonly number[],
): Promise<number> {
  const { shape } = ours;
  if (shape.join() !== theirs.shape.join()) {
    ours.dispose();
    throw new CaseError(`${what} is [${theirs.shape.join(", ")}], ours is [${shape.join(", ")}]`);
  }
  const data = await ours.data();
  const unit = theirs.data.reduce((a, b) => Math.max(a, Math.abs(b)), UNIT);
  let worst = 0;
  for (const [i, value] of theirs.data.entries()) {
    const above = value - (data[i] as number);
    const error = Math.max(-above, above - (slack?.[i] ?? 0)) / unit;
    worst = Math.max(worst, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error);
  }
  return worst;
}

/** Throws unless every parameter of the file has the shape that the layer asks for. */
function expectParams(layer: FlowLayer, params: ArrayTree): void {
  const ours = tree.flatten(layer.init(random.key(0)));
  const theirs = tree.flatten(params);
  const show = ([leaves]: typeof ours): string => leaves.map((a) => `[${a.shape.join(", ")}]`).join(" ");
  const [a, b] = [show(ours), show(theirs)];
  tree.dispose(ours[0]);
  if (a !== b) throw new CaseError(`the parameters are ${b}, the layer's are ${a}`);
}

/** Contributions of every piece by the names that files give them: `linear`, `linear2`, …, `base`. */
function ledger(
  built: Built,
  params: ArrayTree,
  x: np.Array,
  noise: NoiseTree,
): { [name: string]: np.Array } {
  const pieces = built.pieces ?? [];
  const columns = flow(pieces.map((piece) => piece.layer)).ledger(params as ArrayTree[], x, noise);
  const counts = new Map<string, number>();
  const parts: { [name: string]: np.Array } = {};
  pieces.forEach(({ type }, i) => {
    const count = (counts.get(type) ?? 0) + 1;
    counts.set(type, count);
    parts[count === 1 ? type : `${type}${count}`] = columns.ref.slice([], i);
  });
  parts.base = columns.slice([], pieces.length);
  return parts;
}

/** R = exp(A − Aᵀ), as a square linear layer with neither scale nor second rotation shows it. */
function rotation(a: Tensor, precision: Precision): np.Array {
  const n = a.shape[0] as number;
  const zeros = (...shape: number[]): np.Array => np.zeros(shape, { dtype: np[precision] });
  const params = {
    rotateIn: toJax(a, precision),
    rotateOut: zeros(n, n),
    logScale: zeros(n),
    bias: zeros(n),
    dropped: {},
  };
  const { z, contribution } = linear(n, n, { orthogonal: "expm" }).forward(
    params,
    np.eye(n, n, { dtype: np[precision] }),
    {},
  );
  contribution.dispose();
  return z;
}

/** Every number that a case holds, ours beside it: the errors by name. */
async function errorsOf(file: ParityCase, precision: Precision): Promise<Map<string, number>> {
  const names = new Names(file.params);
  const built = build(file.layer, file.x.shape.slice(1), names);
  names.expectAllUsed("the parameter");
  const { layer, inputScale = 1 } = built;
  const params = toTree(built.params, precision);
  expectParams(layer, params);
  const batch = file.x.shape[0] as number;
  const x = (): np.Array => toJax(file.x, precision).mul(inputScale);
  const noise = (all: Tensors, map: ((noise: Names) => TensorTree) | undefined): NoiseTree => {
    const given = new Names(all);
    const mapped = toTree(map?.(given) ?? {}, precision);
    given.expectAllUsed("the noise");
    return mapped;
  };
  const sample = (): NoiseTree => noise(file.forward.noise, built.forwardNoise);
  const errors = new Map<string, number>();
  const slack = tileSlack(file.forward.noise, batch);
  const compare = async (what: string, ours: np.Array, theirs: Tensor): Promise<void> => {
    const summed = /^(logL|logProb|parts\.(tile|conv2d\d*))$/.test(what);
    errors.set(what, await distance(ours, theirs, what, summed ? slack : undefined));
  };

  const { z, logL, logProb } = file.forward.results;
  const forward = layer.forward(tree.ref(params), x(), sample());
  await compare("z", forward.z, z as Tensor);
  if (logL) await compare("logL", forward.contribution, logL);
  else forward.contribution.dispose();
  if (logProb) {
    const whole = flow([layer]);
    const wrap = <T>(one: T): T[] => (built.pieces ? (one as T[]) : [one]);
    await compare("logProb", whole.logProb(wrap(tree.ref(params)), x(), wrap(sample())), logProb);
  }
  if (Object.keys(file.forward.parts).length > 0) {
    const parts = ledger(built, tree.ref(params), x(), sample());
    for (const [name, theirs] of Object.entries(file.forward.parts)) {
      const ours = parts[name];
      if (!ours)
        throw new CaseError(`there is no part "${name}"; there are ${Object.keys(parts).join(", ")}`);
      await compare(`parts.${name}`, ours.ref, theirs);
    }
    tree.dispose(parts);
  }
  if (file.forwardMean.z) {
    const mean = layer.forward(tree.ref(params), x(), meanNoise(layer.forwardNoise, batch, precision));
    mean.contribution.dispose();
    await compare("forwardMean.z", mean.z, file.forwardMean.z);
  }
  for (const [i, entry] of file.inverse.entries()) {
    // the word of the reference files
    const drawn =
      entry.mode === "mean"
        ? meanNoise(layer.inverseNoise, entry.z.shape[0] as number, precision)
        : noise(entry.noise, built.inverseNoise);
    const ours = layer.inverse(tree.ref(params), toJax(entry.z, precision), drawn);
    await compare(`inverse[${i}].x`, ours.mul(1 / inputScale), entry.x);
  }
  for (const [name, theirs] of Object.entries(file.matrices)) {
    const a = file.params[`${name}.a_mat`];
    if (!a) throw new CaseError(`matrices.${name} belongs to no parameter`);
    await compare(`matrices.${name}`, rotation(a, precision), theirs);
  }
  tree.dispose(params);
  return errors;
}

async function onDevice<T>(device: "cpu" | "wasm", run: () => Promise<T>): Promise<T> {
  const before = defaultDevice();
  defaultDevice(device);
  try {
    return await run();
  } finally {
    defaultDevice(before);
  }
}

/** Checks one case. Throws `CaseError` where it cannot be compared. */
export async function checkCase(file: ParityCase): Promise<ParityResult> {
  const worst = { float64: 0, float32: 0 };
  let where = "";
  let share = -1;
  for (const precision of ["float64", "float32"] as const)
    for (const [what, error] of await onDevice(devices[precision], () => errorsOf(file, precision))) {
      worst[precision] = Math.max(worst[precision], error);
      if (error / LIMITS[precision] > share) {
        share = error / LIMITS[precision];
        where = `${precision} ${what}`;
      }
    }
  return { worst, where, ok: share <= 1 };
}
