/** An ordinary convolution by loops, and the one that a conv2d layer's parameters stand for. */
import type { ChainLayer } from "../../src/chain.js";
import type { FlowLayer } from "../../src/layer.js";
import type { ParallelLayer } from "../../src/layers/parallel.js";
import type { DenseWeights } from "../../src/options.js";
import type { HostArray } from "../../src/params/host-array.js";
import { type Rows, toRows } from "../../src/testing/plain.js";
import type { HostTree } from "../../src/testing/prepare.js";
import type { ConvCase } from "../catalog-images.js";
import { multiply } from "./plain.js";

/** Weight [out][C·kh·kw] (channel, row, column), bias, and what the window does: numbers as ONNX has them. */
export type PlainConv = Readonly<{
  weight: Rows;
  bias: readonly number[];
  kernel: readonly [number, number];
  strides: readonly [number, number];
  dilations: readonly [number, number];
  /** Top, left, bottom, right. */
  pads: readonly [number, number, number, number];
  /** Blocks of channels, each with outputs of its own; weight [out][C/groups·kh·kw]. */
  groups: number;
}>;

const pair = (v: number | readonly [number, number]): readonly [number, number] =>
  typeof v === "number" ? [v, v] : v;

/** Zeros that the windows need after the last row (or column) so that none of it is left over. */
const toFit = (n: number, reach: number, stride: number): number => {
  let more = 0;
  while (n + more < reach || (n + more - reach) % stride !== 0) more++;
  return more;
};

function padsOf({ inShape: [, height, width], options }: ConvCase): PlainConv["pads"] {
  const { padding = "fit", stride = 1, dilation = 1 } = options;
  const reach = pair(options.kernel).map((k, i) => (k - 1) * (pair(dilation)[i] as number) + 1);
  const [sh, sw] = pair(stride);
  if (padding === "fit")
    return [0, 0, toFit(height, reach[0] as number, sh), toFit(width, reach[1] as number, sw)];
  if (typeof padding === "number") return [padding, padding, padding, padding];
  const { top = 0, left = 0, bottom = 0, right = 0 } = padding;
  return [top, left, bottom, right];
}

/** What whitening (where there is one) and the rotations and scales after it do to a patch: v ↦ v Wᵀ + b. */
function affineOf(parts: readonly Part[]): Pick<PlainConv, "weight" | "bias"> {
  const numbers = (name: string, field: string): number[] => {
    const own = parts.find(({ part }) => part.name === name)?.own as { [field: string]: HostArray };
    return Array.from((own[field] as HostArray).data);
  };
  const reducing = parts.some(({ part }) => part.name === "kernel") ? "kernel" : "linear";
  const scale = numbers(reducing, "logScale").map(Math.exp);
  const m = scale.length;
  const n = Math.sqrt(numbers(reducing, "rotateIn").length);
  // Wᵀ = R₁ [0; diag(eˢ)] R₂, of n × m
  const diagonal = Array.from({ length: n }, (_, i) =>
    scale.map((s, j) => (j === i - Math.max(n - m, 0) ? s : 0)),
  );
  let matrix = multiply(
    multiply(toRows(numbers(reducing, "rotateIn"), n), diagonal),
    toRows(numbers(reducing, "rotateOut"), m),
  );
  let bias = numbers(reducing, "bias");
  if (parts.some(({ part }) => part.name === "whiten")) {
    const [mean, logStd] = [numbers("whiten", "mean"), numbers("whiten", "logStd")];
    const unit = toRows(numbers("whiten", "rotation"), n).map((row) =>
      row.map((v, j) => v / Math.exp(logStd[j] as number)),
    );
    matrix = multiply(unit, matrix);
    const shift = multiply([mean], matrix)[0] as number[];
    bias = bias.map((v, j) => v - (shift[j] as number));
  }
  return { weight: bias.map((_, j) => matrix.map((row) => row[j] as number)), bias };
}

type Part = Readonly<{ part: FlowLayer; own: HostTree }>;

const withParams = (layers: readonly FlowLayer[], hostParams: HostTree): Part[] =>
  layers.map((part, i) => ({ part, own: (hostParams as HostTree[])[i] as HostTree }));

const layersOf = (layer: FlowLayer): readonly FlowLayer[] => (layer as Partial<ChainLayer>).layers ?? [];

/** The convolution that a layer of the catalog is in deterministic mode. */
export function plainConvOf(one: ConvCase, hostParams: HostTree): PlainConv {
  const { layer } = one.entry;
  const outer = withParams(layersOf(layer), hostParams);
  const inner = outer.find(({ part }) => part.name === "conv2d"); // inside of a conv1d
  const parts = inner ? withParams(layersOf(inner.part), inner.own) : outer;
  const blocks = parts.find(({ part }) => part.name === "parallel");
  const groups = blocks
    ? withParams((blocks.part as ParallelLayer).parts, blocks.own).map(({ part, own }) =>
        affineOf(withParams(layersOf(part), own)),
      )
    : [affineOf(parts)];
  return {
    weight: groups.flatMap(({ weight }) => weight),
    bias: groups.flatMap(({ bias }) => bias),
    ...sizesOf(one, groups.length),
  };
}

/** The convolution whose weights a layer was given. */
export function pretrainedConvOf(one: ConvCase): PlainConv {
  const { weight, bias } = one.options.weights as DenseWeights;
  return {
    weight: toRows(weight, weight.length / one.out),
    bias: Array.from(bias ?? new Float32Array(one.out)),
    ...sizesOf(one, one.options.groups ?? 1),
  };
}

function sizesOf(one: ConvCase, groups: number): Omit<PlainConv, "weight" | "bias"> {
  const { kernel, stride = 1, dilation = 1 } = one.options;
  return {
    groups,
    kernel: pair(kernel),
    strides: pair(stride),
    dilations: pair(dilation),
    pads: padsOf(one),
  };
}

/** One image, [C][H][W] in a row ↦ [m][rows][columns] in a row. */
export function convolve(
  x: readonly number[],
  [channels, height, width]: ConvCase["inShape"],
  conv: PlainConv,
): number[] {
  const { kernel, strides, dilations, pads, groups } = conv;
  const [inputs, outputs] = [channels / groups, conv.weight.length / groups];
  const count = (n: number, i: 0 | 1): number =>
    Math.floor((n + pads[i] + pads[i + 2]! - (kernel[i] - 1) * dilations[i] - 1) / strides[i]) + 1;
  const out: number[] = [];
  conv.weight.forEach((weight, o) => {
    for (let i = 0; i < count(height, 0); i++)
      for (let j = 0; j < count(width, 1); j++) {
        let sum = conv.bias[o] as number;
        for (let c = 0; c < inputs; c++)
          for (let a = 0; a < kernel[0]; a++)
            for (let b = 0; b < kernel[1]; b++) {
              const y = i * strides[0] + a * dilations[0] - pads[0];
              const k = j * strides[1] + b * dilations[1] - pads[1];
              if (y < 0 || y >= height || k < 0 || k >= width) continue;
              sum +=
                (weight[(c * kernel[0] + a) * kernel[1] + b] as number) *
                (x[((Math.floor(o / outputs) * inputs + c) * height + y) * width + k] as number);
            }
        out.push(sum);
      }
  });
  return out;
}
