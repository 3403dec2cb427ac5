import { HostArray, ShapeError } from "@flowify/core";
import { type HostData, type PlacedArray, treeLeaves } from "@flowify/core/internal";
import { sizeOf } from "@flowify/core/layer";
import { DType, type JsTree } from "@jax-js/jax";
import type { Signature } from "jax-to-onnx/internal";
import type { Tensor } from "onnxruntime-node";
import { Arena } from "./fused/arena.js";
import type { Engine } from "./runtime.js";
import { typedArrays } from "./typed-arrays.js";

/** An argument or a result of a program: its name, shape and type. */
export type Slot = Signature["inputs"][number];

/**
 * Allocates and frees tensors. Once a program of kernels needs it, placed and returned float32 arrays are in an arena
 * that both kernels and ONNX Runtime can access; if the arena is full, they are in ordinary memory.
 */
export class TensorStore {
  #arena: Arena | undefined;
  readonly #dropped = new FinalizationRegistry<number>((offset) => this.#arena?.release(offset));

  constructor(
    readonly engine: Engine,
    private readonly makeArena: () => Arena | undefined = () => Arena.create(),
  ) {}

  /** The arena, in use from now on; undefined if its memory cannot be reserved. */
  openArena(): Arena | undefined {
    this.#arena ??= this.makeArena();
    return this.#arena;
  }

  /** An uninitialized tensor. */
  empty({ shape, dtype }: Slot): Tensor {
    const size = sizeOf(shape);
    const data = dtype === DType.Float32 && size > 1 ? this.#arena?.allocate(size) : undefined;
    if (data === undefined) {
      const TypedArray = typedArrays[dtype as keyof typeof typedArrays];
      return this.view(new HostArray(new TypedArray(size), shape, dtype));
    }
    const tensor = this.view(new HostArray(data, shape, dtype));
    this.#dropped.register(tensor, data.byteOffset, tensor);
    return tensor;
  }

  /** A tensor that shares the memory of the array. */
  view({ data, shape, dtype }: HostArray): Tensor {
    return new this.engine.runtime.Tensor(dtype as "float32", data as Float32Array, shape);
  }

  copy({ data, shape, dtype }: HostArray): Tensor {
    const tensor = this.empty({ name: "", shape, dtype });
    (tensor.data as Float32Array).set(data);
    return tensor;
  }

  /** Frees a tensor once: a tensor that is both a result and an argument may be freed as both. */
  release(tensor: Tensor): void {
    if (tensor.location === "none") return;
    const data = tensor.data as HostData;
    tensor.dispose();
    if (!this.#arena?.holds(data)) return;
    this.#dropped.unregister(tensor);
    this.#arena.release(data.byteOffset);
  }
}

/** The tensors of the arguments, in the order of the program's inputs. */
export function argumentTensors(
  store: TensorStore,
  { name, inputs }: Signature,
  args: readonly JsTree<PlacedArray | HostArray>[],
): Tensor[] {
  const leaves = args.flatMap((arg) => treeLeaves<Tensor | HostArray>(arg as JsTree<Tensor | HostArray>));
  if (leaves.length !== inputs.length) {
    throw new ShapeError(`${name}: expected ${inputs.length} arrays, got ${leaves.length}`);
  }
  return inputs.map((slot, i) => {
    const leaf = leaves[i] as Tensor | HostArray;
    const tensor = leaf instanceof HostArray ? store.view(leaf) : leaf;
    if (tensor.type !== slot.dtype || !sameShape(tensor.dims, slot.shape)) {
      throw new ShapeError(
        `${name}: expected ${slot.name} ${slot.dtype} [${slot.shape.join(", ")}], got ${tensor.type} [${tensor.dims.join(", ")}]`,
      );
    }
    return tensor;
  });
}

/**
 * The tensors that a call writes its results to: tensors of `into` that fit and that `mayOverwrite` allows, each used
 * once, and otherwise new ones.
 */
export function resultTensors(
  store: TensorStore,
  outputs: readonly Slot[],
  into: JsTree<PlacedArray> | undefined,
  mayOverwrite: (tensor: Tensor, output: number) => boolean,
): Tensor[] {
  const reuse = into === undefined ? [] : treeLeaves(into as JsTree<Tensor>);
  const taken = new Set<Tensor>();
  return outputs.map((slot, i) => {
    const old = reuse[i];
    if (old === undefined || taken.has(old) || !fits(old, slot) || !mayOverwrite(old, i)) {
      return store.empty(slot);
    }
    taken.add(old);
    return old;
  });
}

/** True if a tensor that is still in use can hold this output. */
const fits = (tensor: Tensor, slot: Slot): boolean =>
  tensor.location === "cpu" && tensor.type === slot.dtype && sameShape(tensor.dims, slot.shape);

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((n, i) => n === b[i]);
