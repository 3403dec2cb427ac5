/** How a file's numbers map to a layer of ours. */
import type { FlowLayer, Shape } from "@flowify/core/layer";
import { CaseError, type LayerSpec, Tensor, type Tensors } from "./case.js";

/** A tree of tensors: parameters or noises in our own form. */
export type TensorTree = Tensor | readonly TensorTree[] | { readonly [name: string]: TensorTree };

/** A layer of a file, and how its numbers map to ours. */
export type Built = Readonly<{
  type: string;
  layer: FlowLayer;
  params: TensorTree;
  /** Our noises from the file's, for one direction; left out: the layer needs none. */
  forwardNoise?(noise: Names): TensorTree;
  inverseNoise?(noise: Names): TensorTree;
  /** Where the file measures x in other units than our layer: what to multiply it by. */
  inputScale?: number;
  /** Layers made of layers: what `parts` names. */
  pieces?: readonly Built[];
}>;

/** Tensors under a prefix, which knows what was never asked for. */
export class Names {
  private readonly unused: Set<string>;
  constructor(
    private readonly tensors: Tensors,
    private readonly prefix = "",
    unused?: Set<string>,
  ) {
    this.unused = unused ?? new Set(Object.keys(tensors));
  }
  has(name: string): boolean {
    return Object.hasOwn(this.tensors, this.prefix + name);
  }
  take(name: string): Tensor {
    const found = this.has(name) ? this.tensors[this.prefix + name] : undefined;
    if (!found) throw new CaseError(`"${this.prefix}${name}" is missing`);
    this.unused.delete(this.prefix + name);
    return found;
  }
  /** The same numbers in one axis: the reference keeps a leading 1. */
  flat(name: string): Tensor {
    const { data } = this.take(name);
    return new Tensor([data.length], data);
  }
  below(prefix: string): Names {
    return new Names(this.tensors, `${this.prefix}${prefix}.`, this.unused);
  }
  expectAllUsed(what: string): void {
    for (const name of this.unused) throw new CaseError(`${what} "${name}" belongs to nothing that is built`);
  }
}

export type Builder = (spec: LayerSpec, inShape: Shape, names: Names) => Built;

export function size(spec: LayerSpec, field: string, fallback?: number): number {
  const value = spec[field] ?? fallback;
  if (typeof value !== "number") throw new CaseError(`${spec.type}: "${field}" is missing`);
  return value;
}

/** Layers of a torch network, dense or convolutional: `P.0.weight`, `P.0.bias`, `P.2.weight`, … */
export function torchLayers(names: Names): TensorTree[] {
  const layers: TensorTree[] = [];
  for (let i = 0; names.has(`${i}.weight`); i += 2)
    layers.push({ weight: names.take(`${i}.weight`), bias: names.take(`${i}.bias`) });
  return layers;
}

export const zeros = (n: number): Tensor => new Tensor([n], new Array<number>(n).fill(0));
