import { type OrdinaryLayer, outShape } from "@flowify/core/internal";
import type { Shape } from "@flowify/core/layer";
import type { OnnxNode } from "./graph.js";

/** A layer and its source nodes; without a layer, nodes without effect. */
export type Step = Readonly<{ layer?: OrdinaryLayer; nodes: readonly OnnxNode[] }>;

type Affine = Extract<OrdinaryLayer, { kind: "affine" }>;
type Weighted = Extract<OrdinaryLayer, { kind: "linear" | "conv1d" | "conv2d" }>;

const isWeighted = (layer: OrdinaryLayer): layer is Weighted =>
  layer.kind === "linear" || layer.kind === "conv1d" || layer.kind === "conv2d";

/**
 * The same function with fewer layers: constants after a layer with weights are folded into its weights (batch
 * normalization, the bias of MatMul and Add), consecutive permutations and shapes are merged, and layers without effect
 * are removed. Nodes stay assigned to the layer that absorbed them.
 */
export function simplified(steps: readonly Step[], inShape: Shape): Step[] {
  const done: { layer: OrdinaryLayer; nodes: readonly OnnxNode[]; shape: Shape }[] = [];
  let waiting: readonly OnnxNode[] = [];
  const keep = (nodes: readonly OnnxNode[]): void => {
    const last = done.at(-1);
    if (last) last.nodes = [...new Set([...last.nodes, ...nodes])];
    else waiting = [...new Set([...waiting, ...nodes])];
  };
  for (const { layer, nodes } of steps) {
    if (!layer) {
      keep(nodes);
      continue;
    }
    let [next, own]: [OrdinaryLayer | undefined, readonly OnnxNode[]] = [layer, nodes];
    for (;;) {
      const last = done.at(-1);
      const shape = last?.shape ?? inShape;
      if (next && changesNothing(next, shape)) next = undefined;
      const merged: OrdinaryLayer | undefined = next && last && together(last.layer, next, shape);
      if (!merged || !last) break;
      own = [...last.nodes, ...own];
      done.pop();
      next = merged;
    }
    if (next) {
      const shape = outShape([next], done.at(-1)?.shape ?? inShape);
      done.push({ layer: next, nodes: [...new Set([...waiting, ...own])], shape });
      waiting = [];
    } else keep(own);
  }
  const left = waiting.length > 0 ? [{ nodes: waiting }] : [];
  return [...done.map(({ layer, nodes }) => ({ layer, nodes })), ...left];
}

const all = (values: Float32Array | undefined, wanted: number): boolean =>
  values?.every((value) => value === wanted) ?? true;

function changesNothing(layer: OrdinaryLayer, shape: Shape): boolean {
  switch (layer.kind) {
    case "reshape":
      return layer.shape.join() === shape.join();
    case "transpose":
      return layer.order.every((axis, i) => axis === i);
    case "affine":
      return all(layer.scale, 1) && all(layer.shift, 0);
    default:
      return false;
  }
}

/** One layer in place of two, if possible; `shape` is that between them. */
function together(first: OrdinaryLayer, second: OrdinaryLayer, shape: Shape): OrdinaryLayer | undefined {
  if (first.kind === "reshape" && second.kind === "reshape") return second;
  if (first.kind === "transpose" && second.kind === "transpose")
    return { kind: "transpose", order: second.order.map((axis) => first.order[axis]!) };
  if (second.kind !== "affine") return undefined;
  if (first.kind === "affine") return affineTwice(first, second);
  return isWeighted(first) ? withConstants(first, second, shape) : undefined;
}

/** (x·s + b)·t + c = x·st + (bt + c), if both have equally many numbers, or one. */
function affineTwice(first: Affine, second: Affine): Affine | undefined {
  const lengths = [first.scale, first.shift, second.scale, second.shift].map((values) => values?.length ?? 1);
  const most = Math.max(...lengths);
  if (lengths.some((n) => n !== 1 && n !== most)) return undefined;
  const at = (values: Float32Array | undefined, i: number, otherwise: number): number =>
    values ? values[values.length === 1 ? 0 : i]! : otherwise;
  const made = (f: (i: number) => number): Float32Array =>
    Float32Array.from({ length: most }, (_, i) => f(i));
  return {
    kind: "affine",
    scale: made((i) => at(first.scale, i, 1) * at(second.scale, i, 1)),
    shift: made((i) => at(first.shift, i, 0) * at(second.scale, i, 1) + at(second.shift, i, 0)),
  };
}

/**
 * Folds constants for each output into a layer with weights. The output axis is the first of a convolution's result and
 * the last of a dense layer's.
 */
function withConstants(layer: Weighted, { scale, shift }: Affine, shape: Shape): Weighted | undefined {
  const { weights, out } = layer;
  const alongOutputs = layer.kind === "linear" ? shape.length === 1 : true;
  const fits = (values: Float32Array | undefined): boolean =>
    values === undefined || values.length === 1 || (alongOutputs && values.length === out);
  if (!weights || !fits(scale) || !fits(shift)) return undefined;
  const at = (values: Float32Array | undefined, i: number, otherwise: number): number =>
    values ? values[values.length === 1 ? 0 : i]! : otherwise;
  const block = weights.weight.length / out;
  const weight = scale
    ? Float64Array.from(weights.weight, (w, i) => w * at(scale, Math.floor(i / block), 1))
    : weights.weight;
  const bias = Float64Array.from(
    { length: out },
    (_, i) => (weights.bias?.[i] ?? 0) * at(scale, i, 1) + at(shift, i, 0),
  );
  return { ...layer, weights: { weight, bias } };
}
