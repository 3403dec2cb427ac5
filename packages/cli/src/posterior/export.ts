import type { FlowModel, HostArray } from "@flowify/core";
import { NO_ROW } from "@flowify/core/internal";
import { type ArrayTree, logSumExp } from "@flowify/core/layer";
import { lax, numpy as np, tree } from "@jax-js/jax";
import { toOnnx } from "jax-to-onnx";
import type { Bijection } from "./bijections.js";
import type { Support } from "./priors.js";
import type { Scaling } from "./scaling.js";

/** Numbers of rows that are not there are as large, or NaN. */
const ROWS_END = 1e38;

/** The parts of a posterior in a file. */
export type ExportedPosterior = Readonly<{
  members: readonly FlowModel[];
  lines: readonly Bijection[];
  support: readonly Support[];
  scaling: Scaling;
}>;

/** A row of numbers beside examples [B, n]. */
const row = (values: readonly number[]): np.Array => np.array([[...values]]).astype(np.float32);

/** 1 where a parameter is of this kind, else 0. */
const mask = (lines: readonly Bijection[], kind: Bijection["kind"]): np.Array =>
  row(lines.map((line) => (line.kind === kind ? 1 : 0)));

/** θ = F⁻¹(u) and log |dθ / du| of each example, as jax functions of u [B, n]; what `bijections.ts` has for one number. */
function fromReal(u: np.Array, lines: readonly Bijection[], support: readonly Support[]) {
  const end = (side: 0 | 1): np.Array =>
    row(support.map((ends) => (Number.isFinite(ends[side]) ? ends[side] : 0)));
  const [low, high] = [end(0), end(1)];
  const width = high.ref.sub(low.ref);
  // where a number is of another kind its exponent must not overflow
  const above = np.exp(u.ref.mul(mask(lines, "above")));
  const below = np.exp(u.ref.neg().mul(mask(lines, "below")));
  const tail = width.ref.mul(lax.erfc(np.absolute(u.ref).mul(Math.SQRT1_2)).mul(0.5));
  const within = np.where(np.less(u.ref, 0), low.ref.add(tail.ref), high.ref.sub(tail));
  const theta = [
    u.ref.mul(mask(lines, "line")),
    low.add(above).mul(mask(lines, "above")),
    high.sub(below).mul(mask(lines, "below")),
    within.mul(mask(lines, "between")),
  ].reduce((a, b) => a.add(b));
  const between = mask(lines, "between");
  const slope = np
    .log(np.maximum(width, 1e-30))
    .sub(
      np
        .square(u.ref)
        .mul(0.5)
        .add(0.5 * Math.log(2 * Math.PI)),
    )
    .mul(between)
    .add(u.mul(mask(lines, "above").sub(mask(lines, "below"))));
  return { theta, logSlope: np.sum(slope, 1) };
}

/** asinh((x − median) / spread) of observations [B, d], or of rows [B, most, d]: those that are not there stay. */
function scaledRows(x: np.Array, { rows, ...scaling }: Scaling): np.Array {
  if (!rows) return asinhOf(x, scaling);
  const there = np.less(np.absolute(x.ref), ROWS_END);
  return np.where(there.ref, asinhOf(np.where(there, x, 0), scaling), NO_ROW);
}

function asinhOf(x: np.Array, { middle, spread }: Scaling): np.Array {
  const z = x.sub(row(middle)).div(row(spread));
  const size = np.absolute(z.ref);
  return np.sign(z).mul(np.log(size.ref.add(np.sqrt(np.square(size).add(1)))));
}

/**
 * A posterior as one ONNX file, for batches of any size:
 *
 * - `observation` [batch, d], of rows [batch, most, d], `noise` [batch, n] normal numbers, `choice` [batch, 1] uniform ones on [0, 1)
 * - to `theta` [batch, n], draws of θ given each observation, and `log_density` [batch], log q(θ | x) of these in nats
 */
export function exportDraws({ members, lines, support, scaling }: ExportedPosterior): Uint8Array {
  const [n, K] = [lines.length, members.length];
  const shape = scaling.rows ?? [scaling.middle.length];
  const draw = (
    params: ArrayTree[],
    observation: np.Array,
    noise: np.Array,
    choice: np.Array,
  ): np.Array[] => {
    const condition = scaledRows(observation, scaling);
    const none = (k: number) => (members[k] as FlowModel).flow.chain.layers.map(() => ({}));
    const draws = members.map(({ flow }, k) =>
      flow.decode(tree.ref(params[k] as never), noise.ref, none(k) as never, condition.ref),
    );
    noise.dispose();
    // member k where K · choice lies in [k, k + 1)
    const place = np.floor(choice.mul(K));
    const u = draws
      .map((each, k) => each.mul(np.equal(place.ref, k).astype(np.float32)))
      .reduce((a, b) => a.add(b));
    place.dispose();
    const logs = members.map(({ flow }, k) =>
      flow.logProb(params[k] as never, u.ref, none(k) as never, condition.ref),
    );
    condition.dispose();
    const { theta, logSlope } = fromReal(u, lines, support);
    const density = logSumExp(np.stack(logs, 0), 0).sub(Math.log(K)).sub(logSlope);
    return [theta, density];
  };
  return toOnnx(
    draw,
    {
      params: specsOf(members) as never,
      observation: { shape: ["batch", ...shape] },
      noise: { shape: ["batch", n] },
      choice: { shape: ["batch", 1] },
    },
    { name: "posterior", names: ["theta", "log_density"], constants: { params: valuesOf(members) as never } },
  );
}

/**
 * A likelihood as one ONNX file, for batches of any size: `observation` [batch, d] and `theta` [batch, n] to `log_likelihood` [batch],
 * log q(x | θ) in nats.
 */
export function exportLikelihood(members: readonly FlowModel[], x: Scaling, theta: Scaling): Uint8Array {
  const logs = (params: ArrayTree[], observation: np.Array, parameters: np.Array): np.Array[] => {
    const condition = scaledRows(parameters, theta);
    const u = scaledRows(observation, x);
    const each = members.map(({ flow }, k) =>
      flow.logProb(params[k] as never, u.ref, flow.chain.layers.map(() => ({})) as never, condition.ref),
    );
    condition.dispose();
    // log |du / dx| = −log spread − log cosh u, and log cosh u = |u| + log((1 + e^(−2|u|)) / 2)
    const size = np.absolute(u);
    const cosh = size.ref.add(np.log1p(np.exp(size.mul(-2)))).sub(Math.LN2);
    const slope = np.sum(cosh.add(np.log(row(x.spread))), 1);
    return [logSumExp(np.stack(each, 0), 0).sub(Math.log(members.length)).sub(slope)];
  };
  return toOnnx(
    logs,
    {
      params: specsOf(members) as never,
      observation: { shape: ["batch", x.middle.length] },
      theta: { shape: ["batch", theta.middle.length] },
    },
    { name: "likelihood", names: ["log_likelihood"], constants: { params: valuesOf(members) as never } },
  );
}

const specsOf = (members: readonly FlowModel[]): unknown =>
  members.map(({ params }) => tree.map((leaf) => ({ shape: (leaf as HostArray).shape }), params as never));

const valuesOf = (members: readonly FlowModel[]): unknown => members.map(({ params }) => params);
