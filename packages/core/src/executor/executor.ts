import type { DType, JsTree, numpy as np } from "@jax-js/jax";
import type { HostArray } from "../params/host-array.js";
import type { Shape } from "../shape.js";

/** The shape and type of an argument of a compiled function. */
export class ArraySpec {
  constructor(
    readonly shape: Shape,
    readonly dtype: DType,
  ) {}
}

/** An array in the memory of an executor (an ONNX Runtime tensor, a jax-js array, …): opaque to all others. */
export type PlacedArray = object;

/** A tree of arrays with each of them where an executor computes; of any tree, any. */
export type PlacedTree<T> =
  JsTree<np.Array> extends T
    ? JsTree<PlacedArray>
    : JsTree<HostArray> extends T
      ? JsTree<PlacedArray>
      : T extends np.Array | HostArray
        ? PlacedArray
        : { [K in keyof T]: PlacedTree<T[K]> };

type RunOptions = { into?: JsTree<PlacedArray>; worker?: number };

/** A function compiled by an executor for fixed shapes. */
export type Compiled<Result = JsTree<PlacedArray>> = Readonly<{
  /**
   * Runs the function. Arguments are borrowed, not consumed; host arrays are placed for the call.
   * The result belongs to the caller. `into`, a result of an earlier call, may be overwritten and
   * must not be used afterwards: with it a training step allocates nothing. `into` may name arguments: an elementwise
   * program then works in place if the executor supports it; others allocate. `worker` selects the worker: calls on
   * different workers, made without waiting, run in parallel. `into` must come from the same worker.
   */
  run(args: readonly JsTree<PlacedArray | HostArray>[], options?: RunOptions): Promise<Result>;
  traceMs: number;
  compileMs: number;
  /** Operations of the program's products and convolutions (2 per multiply-add), if counted. */
  flops?: number;
  dispose(): Promise<void>;
}>;

type CompileOptions = {
  name?: string;
  constant?: JsTree<HostArray> | undefined;
  workers?: number;
  itemwise?: boolean;
  lift?: boolean;
  onProgress?: ((share: number) => void) | undefined;
};

/**
 * Runs pure jax functions on a device. All executors have the same results within float32 tolerance. State stays on the
 * device until it is fetched.
 */
export type Executor = Readonly<{
  /** `"native"`, `"webgpu"`, `"wasm"`, `"jax"`. */
  name: string;
  /**
   * Number of calls of a program compiled for workers that run in parallel, each on a part of the cores. A computation
   * that treats all examples of a batch alike is fastest as this many smaller batches. Default 1.
   */
  workers?: number;
  /** The most workers that a program can be compiled for: one for each thread. Default: as many as `workers`. */
  mostWorkers?: number;
  /**
   * Traces `f` (a function on trees of jax arrays, consuming its arguments) and compiles it. `constant` are the values
   * of the first argument if they are the same in every call (which still passes it): an executor may build them in,
   * and precompute everything that depends on them alone. `workers`: on how many workers calls run in parallel, default one; they share the threads.
   * `itemwise`: only sums over an example matter, as for log p and the gradients of a loss. An executor may then use a
   * form whose errors are relative to the largest number of an example, and in which one non-finite number spoils its
   * whole example. `lift`: the same is compiled with other arrays that it captures; an executor may take these as arguments, and
   * share what it compiles. `onProgress`: called now and then while a large function is compiled, with the share that is done; what
   * it throws ends the compilation.
   */
  compile<T extends JsTree<np.Array>>(
    f: (...args: never[]) => T,
    specs: readonly JsTree<ArraySpec>[],
    options?: CompileOptions,
  ): Promise<Compiled<PlacedTree<T>>>;
  /**
   * Throws the `MemoryError` that `compile` would throw for the same arguments, but without compiling. Missing in
   * executors that cannot estimate the memory of a program.
   */
  expectRoom?(
    f: (...args: never[]) => JsTree<np.Array>,
    specs: readonly JsTree<ArraySpec>[],
    options?: Pick<CompileOptions, "name" | "itemwise" | "onProgress">,
  ): Promise<void>;
  /** Free bytes on the host, if the executor can determine them. */
  memory?(): number;
  place<T extends JsTree<HostArray>>(tree: T): Promise<PlacedTree<T>>;
  /** Copies a tree to the host; the placed arrays stay valid. */
  fetch<T = JsTree<HostArray>>(tree: NoInfer<PlacedTree<T>>): Promise<T>;
  /** The arrays themselves if they are in the memory of the host: what is written into them counts. Use them before any other call. */
  peek?<T = JsTree<HostArray>>(tree: NoInfer<PlacedTree<T>>): T;
  /** Releases placed arrays. */
  release(tree: JsTree<PlacedArray>): void;
  /**
   * Executors that each compute in a separate thread, at most so many, with the cores divided among them: a network too small for a second
   * core is trained beside another one. Fewer than two, or missing, where that is of no use. Each is to be disposed of.
   */
  separate?(most: number): readonly Executor[];
  dispose(): Promise<void>;
}>;
