import type { DType, JsTree, numpy as np } from "@jax-js/jax";
import type { HostArray } from "../params/host-array.js";
import type { Shape } from "../shape.js";

/** The shape and type of an argument that a function is compiled for. */
export class ArraySpec {
  constructor(
    readonly shape: Shape,
    readonly dtype: DType,
  ) {}
}

/** An array where an executor keeps it (an ONNX Runtime tensor, a jax-js array, …): opaque to all others. */
export type PlacedArray = object;

export type RunOptions = { into?: JsTree<PlacedArray>; worker?: number };

/** A function that an executor compiled for fixed shapes. */
export type Compiled = Readonly<{
  /**
   * Runs the function. Arguments are borrowed, not consumed; host arrays are placed for the call.
   * The result belongs to the caller. `into`, a result of an earlier call, may be overwritten and
   * must not be used afterwards: with it a training step allocates nothing. `into` may name arguments:
   * an elementwise program then works in place where the executor can, others allocate. `worker` is where it runs: calls
   * on different workers, made in one go, run at once. `into` must come from the same worker.
   */
  run(args: readonly JsTree<PlacedArray | HostArray>[], options?: RunOptions): Promise<JsTree<PlacedArray>>;
  traceMs: number;
  compileMs: number;
  /** Operations of the program's products and convolutions (2 a multiply-add), where they are counted. */
  flops?: number;
  dispose(): Promise<void>;
}>;

type CompileOptions = {
  name?: string;
  constant?: JsTree<HostArray> | undefined;
  workers?: boolean;
  itemwise?: boolean;
};

/**
 * Runs pure jax functions somewhere. Same function, same results to float32 tolerance, whichever
 * executor; state stays where the executor computes until it is fetched.
 */
export type Executor = Readonly<{
  /** `"native"`, `"webgpu"`, `"wasm"`, `"jax"`. */
  name: string;
  /**
   * How many calls of a program that is compiled for it run at once, each on a part of the cores: what is the same for
   * every example of a batch is fastest as so many smaller batches. Default 1.
   */
  workers?: number;
  /**
   * Traces `f` (a function on trees of jax arrays, consuming its arguments) and compiles it. `constant` are the
   * values of the first argument where they are the same in every call (which still passes it): an executor may
   * build them in, and compute once what depends on them alone. `workers`: the calls come on all workers at once.
   * `itemwise`: what matters are sums over an example, as log p and the gradients of a loss are. An executor may then use a form
   * whose errors are relative to the largest number of an example, and in which one that is not finite spoils all of its example.
   */
  compile(
    f: (...args: never[]) => JsTree<np.Array>,
    specs: readonly JsTree<ArraySpec>[],
    options?: CompileOptions,
  ): Promise<Compiled>;
  /**
   * Throws the `MemoryError` that `compile` would throw for the same arguments, sooner: nothing is compiled. Executors that
   * do not know what a program takes have none.
   */
  expectRoom?(
    f: (...args: never[]) => JsTree<np.Array>,
    specs: readonly JsTree<ArraySpec>[],
    options?: { name?: string },
  ): void;
  /** Bytes that the host has left now, where the executor can tell. */
  memory?(): number;
  place(tree: JsTree<HostArray>): Promise<JsTree<PlacedArray>>;
  /** Copies a tree to the host; the placed arrays stay valid. */
  fetch(tree: JsTree<PlacedArray>): Promise<JsTree<HostArray>>;
  /** The arrays themselves, where they lie in the memory of the host: to be read at once, before anything else is asked for. */
  peek?(tree: JsTree<PlacedArray>): JsTree<HostArray>;
  /** Gives placed arrays back. */
  release(tree: JsTree<PlacedArray>): void;
  dispose(): Promise<void>;
}>;
