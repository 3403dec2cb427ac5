/**
 * Where results may differ from those of jax-js by more than rounding: one switch for each row of `docs/semantics.md`.
 * Off, the lowering takes the slower way that does not differ.
 */
export type Semantics = Readonly<{
  /** (x + 1) + 2 is x + 3, and three matrices are multiplied in the cheaper order. */
  reassociation: boolean;
  /** x · (1/y), as jax-js writes a quotient, is x / y. */
  quotients: boolean;
  /** Σₖ xₖ y, with y the same for all k, is (Σₖ xₖ) y. */
  factoredSums: boolean;
  /** The hyperbolic tangent and the error function are those of the runtime. */
  ownFunctions: boolean;
  /** The extreme of an axis is that of the runtime, which may miss a NaN. */
  lostNaN: boolean;
  /** Integer sums and products over an axis stop at the ends of their type. */
  saturation: boolean;
  /** In itemwise programs a convolution adds numbers that cancel, or multiplies by zeros that it adds. */
  minimalFiltering: boolean;
}>;

/** Measured times of ONNX Runtime's Transpose, in nanoseconds, and the reach of the search for its steps. */
export type TransposeCosts = Readonly<{
  /** Per number; per block of numbers that stay together; per matrix of a stack of matrices; per node. */
  number: number;
  block: number;
  matrix: number;
  node: number;
  /** Per matrix of a stack where several threads share the work: each matrix is shared out anew. */
  shared: number;
  /** Most axes for the search, which tries all their orders. */
  mostAxes: number;
}>;

/** What graphs are made for: every switch and every threshold of the lowering. Sizes are numbers of elements. */
export type Target = Readonly<{
  name: string;
  /** Threads of an executor, and the workers that share them (`docs/design/executors.md`). */
  threads: number;
  workers: number;
  /** Peak memory of the runtime relative to that of the graph. */
  memoryFactor: number;
  semantics: Semantics;
  /** Names of passes that do not run. */
  without: ReadonlySet<string>;
  /** An axis of at most `axis` entries of an array of at least `size` is not innermost when it is split. */
  narrow: Readonly<{ axis: number; size: number }>;
  sums: Readonly<{
    /** Smallest array, and shortest row, for a sum by a product with ones; most rows of one such product. */
    size: number;
    row: number;
    mostRows: number;
  }>;
  /** Most rows, and smallest array, for a maximum row by row. */
  extremes: Readonly<{ rows: number; size: number }>;
  convolutions: Readonly<{
    /** Most numbers in materialized windows. */
    mostWindows: number;
    /** Multiplications that take as long as gathering a number, or writing one in minimal filtering. */
    gather: number;
    write: number;
    /** Longest row that is gathered together with its neighbours. */
    shortRow: number;
    /** Factor of extra multiplications for one merged transformation instead of one for each axis. */
    merged: number;
  }>;
  /** Most slices of an axis; more are gathered. */
  mostSlices: number;
  /** A slice may have steps, as from opset 10 on; otherwise an axis is reversed by a Gather. */
  steps: boolean;
  products: Readonly<{
    /** Fewest multiplications for each product of a stack. */
    stacked: number;
  }>;
  transposes: TransposeCosts;
  /** Smallest arrays of an elementwise program that is compiled to WebAssembly. */
  kernels: number;
}>;

const fast: Semantics = {
  reassociation: true,
  quotients: true,
  factoredSums: true,
  ownFunctions: true,
  lostNaN: true,
  saturation: true,
  minimalFiltering: true,
};

const exact = Object.fromEntries(Object.keys(fast).map((each) => [each, false])) as Semantics;

/** ONNX Runtime on processors. The times and sizes were measured on two cores of one machine, with AVX-512. */
export const ortCpu: Target = {
  name: "ort-cpu",
  threads: 1,
  workers: 2,
  memoryFactor: 2, // the arena grows by powers of two; training steps of the networks took 1.9 to 2.9 times
  semantics: fast,
  without: new Set(),
  narrow: { axis: 32, size: 4096 }, // splines of 10 bins have 29 numbers; 17 in front took a fifth off the step of a wide table
  sums: { size: 16384, row: 32, mostRows: 4096 },
  extremes: { rows: 8, size: 16384 },
  convolutions: { mostWindows: 2 ** 27, gather: 40, write: 20, shortRow: 4, merged: 2.5 },
  mostSlices: 16,
  steps: true,
  products: { stacked: 8192 },
  transposes: { number: 0.45, block: 4.8, matrix: 9, node: 8000, shared: 420, mostAxes: 6 },
  kernels: 4096,
};

/** `ortCpu`, with results that differ from those of jax-js only by rounding. */
export const strict: Target = { ...ortCpu, name: "strict", semantics: exact };

/** Readable graphs for any runtime: a convolution is a Conv, a sum a ReduceSum, and arrays keep their order. */
export const portable: Target = {
  ...ortCpu,
  name: "portable",
  without: new Set([
    "pointwise-convolutions",
    "gathered-windows",
    "narrow-axes",
    "stacked-products",
    "rotations",
    "sums-by-product",
    "row-extremes",
    "split-transposes",
  ]),
};
