import { numpy as np, tree } from "@jax-js/jax";
import * as v from "valibot";
import type { Embedding } from "./chain.js";
import { DomainError, ShapeError } from "./errors.js";
import { oneHotRows } from "./init/calibration-data.js";
import type { ArrayTree } from "./layer.js";
import { type ConditionalAffineOptions, conditionalAffineKind } from "./layers/conditional-affine.js";
import { nth } from "./lists.js";
import { splitKey } from "./math/keys.js";
import { log } from "./math/log.js";
import { LARGEST_OF_ROWS, NO_ROW } from "./nested-numbers.js";
import { convNet, keepingSize } from "./nn/conv-net.js";
import { type DenseParams, mlp } from "./nn/mlp.js";
import * as o from "./options.js";
import { type OutputDensity, outputStep, type Scales, startOutputs } from "./outputs.js";
import { floats } from "./params/host.js";
import { HostArray } from "./params/host-array.js";
import { type Shape, showShape, sizeOf } from "./shape.js";

/** What densities are conditional on: numbers of this shape, or one of so many classes, 0 to classes − 1. */
export type Condition = (
  | Readonly<{
      shape: Shape;
      /** Of [n, d]: an observation is a list of at most n rows, at least one, whose order does not matter. Default false. */
      fewerRows?: boolean;
    }>
  | Readonly<{ classes: number }>
) & {
  /** The kinds of layers that see it, such as `["gaussianMixture"]`. Default all that can. */
  readonly seenBy?: readonly string[];
};

/** The network in front of the layers that a condition goes through, as data. */
export type EmbeddingOptions = Readonly<{
  /**
   * `none`: standardized numbers, one-hot classes. `dense`: a dense network of all numbers. `convolutional`: for images
   * [C, H, W]. `set`: for rows [n, d] whose order does not matter, the mean over a network of each, and their number where that
   * varies. Default `convolutional` for images, `set` where there may be fewer rows, else `none`.
   */
  kind?: "none" | "dense" | "convolutional" | "set";
  /** Width of its hidden layers; channels of convolutions are a half of it. Default 64. */
  hidden?: number;
  /** Numbers that layers see. Default 32. */
  out?: number;
}>;

/** A base that depends on the condition, as data: a `conditionalAffine` at the end. */
export type BaseOptions = Readonly<{ conditional: true }> & ConditionalAffineOptions;

const kinds = ["none", "dense", "convolutional", "set"] as const;

const seenBy = o.optional(o.listOf(o.text, 1));

/** Schemas of the fields of a network that are about its condition. */
export const conditionSchemas = {
  condition: v.union([
    v.strictObject({ shape: o.shape, fewerRows: o.optional(o.flag), seenBy }),
    v.strictObject({ classes: o.integer(2), seenBy }),
  ]),
  outputs: v.strictObject({
    noise: v.pipe(v.number(), v.finite(), v.gtValue(0)),
    layers: v.array(v.looseObject({ kind: v.string() })),
  }),
  embedding: v.strictObject({
    kind: o.optional(o.oneOf(...kinds)),
    hidden: o.optional(o.size),
    out: o.optional(o.size),
  }),
  base: v.strictObject({ conditional: v.literal(true), ...conditionalAffineKind.options }),
} as const;

/**
 * Mean and log-std of the numbers of each column (channel), fixed, none for classes; the weights of the network; and those of the
 * density of outputs.
 */
type EmbeddingParams = Partial<Scales> & {
  network: DenseParams[];
  outputs?: ArrayTree[];
};

/** Spread below which a column counts as constant, relative to its size. */
const CONSTANT = 1e-6;

/** Log-std of a constant column: nothing was learned of other values, and they change nothing. */
const NOTHING = 80;

/**
 * Numbers are standardized, (c − mean) / std by column (by channel of an image), constant ones become 0; classes become
 * one-hot vectors; then the network follows.
 *
 * Errors: `ShapeError` for a kind that does not fit the shape, `DomainError` for fewer than two classes.
 *
 * @param outputs of a condition [m] that is computed from x: its density
 */
export function embedding(
  condition: Condition,
  options: EmbeddingOptions = {},
  outputs?: OutputDensity,
): Embedding {
  const isClass = "classes" in condition;
  if (isClass && !(Number.isSafeInteger(condition.classes) && condition.classes >= 2))
    throw new DomainError(`condition: expected at least two classes, got ${condition.classes}`);
  const shape = isClass ? [1] : condition.shape;
  const length = isClass ? condition.classes : sizeOf(shape);
  const fewerRows = !isClass && condition.fewerRows;
  const usual = fewerRows ? "set" : shape.length === 3 ? "convolutional" : "none";
  const { kind = usual, hidden = 64, out = 32 } = options;
  if ((kind === "convolutional" && shape.length !== 3) || (kind === "set" && shape.length !== 2))
    throw new ShapeError(
      `condition: an embedding "${kind}" takes ${kind === "set" ? "rows [n, d]" : "images [C, H, W]"}, the condition has ${showShape(shape, false)}`,
    );
  if (fewerRows && kind !== "set")
    throw new ShapeError(`condition: fewer rows are for an embedding "set", found "${kind}"`);
  /** The axis of columns of an example. */
  const axis = shape.length === 3 ? 0 : shape.length - 1;
  const { [axis]: columns = 1 } = shape;
  const unit = shape.map((n, i) => (i === axis ? n : 1));
  const net = networks[kind]({ shape, length, hidden, out, fewerRows });
  const zeros = (): np.Array => np.zeros([columns]);
  /** Those of the network and of the density. */
  const init = (key: np.Array): Record<string, ArrayTree> => {
    if (!outputs) return { network: net.init(key) };
    const [own, other] = splitKey(key, 2);
    return { network: net.init(own), outputs: outputs.flow.chain.init(other) };
  };
  const standardize = ({ mean, logStd }: Scales, given: np.Array): np.Array =>
    given.sub(mean.reshape(unit)).mul(np.exp(logStd.neg()).reshape(unit));
  return {
    domain: {
      shape,
      levels: isClass ? condition.classes : undefined,
      ...(outputs && { computed: true }),
      ...(fewerRows && { fewerRows }),
    },
    vectors(conditions) {
      if (kind !== "none") return undefined;
      return isClass ? oneHotRows(conditions, length) : standardized(conditions, columns, axis);
    },
    size: net.size,
    parameterKinds: {
      ...(!isClass && ({ mean: "fixed", logStd: "fixed" } as const)),
      network: net.parameterKinds,
      ...(outputs && { outputs: outputs.flow.chain.parameterKinds }),
    },
    init: (key) => (isClass ? init(key) : { mean: zeros(), logStd: zeros(), ...init(key) }),
    async start(key, conditions) {
      if (isClass) return { network: net.init(key) };
      const { mean, logStd } = columnsOf(conditions, columns, axis);
      const scales = { mean: floats(mean), logStd: floats(logStd) };
      if (!outputs) return { ...scales, network: net.init(key) };
      const [own, other] = splitKey(key, 2);
      const started = await startOutputs(outputs, other, conditions, (c) => standardize(tree.ref(scales), c));
      return { ...scales, network: net.init(own), outputs: started };
    },
    apply(params, given) {
      const { mean, logStd, network, outputs: density } = params as EmbeddingParams;
      if (density) tree.dispose(density);
      if (mean && logStd) {
        const there = fewerRows ? rowsThere(given.ref) : undefined; // [B, n, 1]
        const c = there ? np.where(there.ref, given, 0) : given;
        return net.apply(network, standardize({ mean, logStd }, c), there?.astype(np.float32));
      }
      const all = np.arange(length).astype(given.dtype).reshape([1, length]);
      return net.apply(network, np.equal(given, all).astype(np.float32));
    },
    ...(outputs && { outputs: outputStep(length, outputs, { standardize, apply: net.apply }) }),
  };
}

/** Which rows of conditions [B, n, d] an observation has, [B, n, 1]. Consumes them. */
const rowsThere = (given: np.Array): np.Array =>
  np.less(np.absolute(given.slice([], [], [0, 1])), LARGEST_OF_ROWS);

type Net = Readonly<{
  size: number;
  init(key: np.Array): DenseParams[];
  /** `there`: 1 for rows that an observation has, else 0, [B, n, 1]; default all. */
  apply(params: DenseParams[], c: np.Array, there?: np.Array): np.Array;
  parameterKinds: Embedding["parameterKinds"];
}>;

type NetOptions = Readonly<{
  shape: Shape;
  length: number;
  hidden: number;
  out: number;
  fewerRows?: boolean | undefined;
}>;

const networks: { [K in (typeof kinds)[number]]: (options: NetOptions) => Net } = {
  none: ({ length }) => ({
    size: length,
    init(key) {
      key.dispose();
      return [];
    },
    apply: (_, c) => c.reshape([-1, length]),
    parameterKinds: {},
  }),
  dense({ length, hidden, out }) {
    const net = mlp([length, hidden, hidden, out]);
    return { ...net, size: out, apply: (params, c) => net.apply(params, c.reshape([-1, length])) };
  },
  set({ shape, hidden, out, fewerRows }) {
    const [n = 0, d = 0] = shape;
    const each = mlp([d, hidden, hidden]);
    const whole = mlp([hidden + (fewerRows ? 1 : 0), hidden, out]);
    return {
      size: out,
      init(key) {
        const [a, b] = splitKey(key, 2);
        return [...each.init(a), ...whole.init(b)];
      },
      apply(params, c, there) {
        const rows = each.apply(params.slice(0, 2), c.reshape([-1, d])).reshape([-1, n, hidden]);
        if (!there) return whole.apply(params.slice(2), np.mean(rows, 1));
        const count = np.maximum(np.sum(there.ref, 1), 1); // [B, 1]
        const mean = np.sum(rows.mul(there), 1).div(count.ref);
        return whole.apply(params.slice(2), np.concatenate([mean, log(count)], 1));
      },
      parameterKinds: {},
    };
  },
  convolutional({ shape, hidden, out }) {
    // three times: 2 × 2 neighbours to channels where sizes are even, and a 3 × 3 convolution
    const width = Math.max(Math.floor(hidden / 2), 1);
    const stages: { from: Shape; halved: boolean }[] = [];
    let [c = 0, h = 0, w = 0] = shape;
    for (let stage = 0; stage < 3; stage++) {
      const halved = h % 2 === 0 && w % 2 === 0;
      stages.push({ from: [c, h, w], halved });
      if (halved) [h, w] = [h / 2, w / 2];
      c = width;
    }
    const nets = stages.map(({ from: [channels = 0], halved }) =>
      convNet(keepingSize([halved ? 4 * channels : channels, width], [3]).map((s) => ({ ...s, relu: true }))),
    );
    const head = mlp([width * h * w, hidden, out]);
    return {
      size: out,
      init(key) {
        const keys = splitKey(key, nets.length + 1);
        return [...nets.flatMap((net, i) => net.init(nth(keys, i))), ...head.init(nth(keys, nets.length))];
      },
      apply(params, image) {
        let a = image;
        for (const [i, { from, halved }] of stages.entries()) {
          const [channels = 0, height = 0, wide = 0] = from;
          if (halved) {
            // [B, C, h, 2, w, 2] -> [B, C · 4, h, w]
            const cells = a.reshape([-1, channels, height / 2, 2, wide / 2, 2]);
            a = np.transpose(cells, [0, 1, 3, 5, 2, 4]).reshape([-1, 4 * channels, height / 2, wide / 2]);
          }
          a = (nets[i] as (typeof nets)[number]).apply([nth(params, i)], a);
        }
        return head.apply(params.slice(nets.length), a.reshape([-1, width * h * w]));
      },
      parameterKinds: nets.flatMap((net) => net.parameterKinds),
    };
  },
};

/** The numbers of each condition, standardized by column, as a vector. */
function standardized(conditions: HostArray, columns: number, axis: number): HostArray {
  const {
    data,
    shape: [count = 0, ...shape],
  } = conditions;
  const { mean, logStd } = columnsOf(conditions, columns, axis);
  const after = sizeOf(shape.slice(axis + 1));
  const vectors = Float32Array.from(data, (value, i) => {
    const k = Math.floor(i / after) % columns;
    return (value - mean[k]!) * Math.exp(-logStd[k]!);
  });
  return new HostArray(vectors, [count, data.length / count], np.float32);
}

/** Mean and log-std of each column, in double precision; 0 for the log-std of a constant one. */
function columnsOf(
  { data, shape: [, ...shape] }: HostArray,
  columns: number,
  axis: number,
): { mean: Float32Array; logStd: Float32Array } {
  const [mean, logStd] = [new Float32Array(columns), new Float32Array(columns)];
  const after = sizeOf(shape.slice(axis + 1));
  const columnOf = (i: number): number => Math.floor(i / after) % columns;
  const [sums, squares] = [new Float64Array(columns), new Float64Array(columns)];
  let there = 0;
  data.forEach((value, i) => {
    if (value === NO_ROW) return;
    sums[columnOf(i)]! += value;
    there++;
  });
  const count = there / columns;
  data.forEach((value, i) => {
    if (value !== NO_ROW) squares[columnOf(i)]! += (value - sums[columnOf(i)]! / count) ** 2;
  });
  for (let k = 0; k < columns; k++) {
    mean[k] = sums[k]! / count;
    const std = Math.sqrt(squares[k]! / count);
    logStd[k] = std > CONSTANT * Math.abs(mean[k]!) ? Math.log(std) : NOTHING;
  }
  return { mean, logStd };
}
