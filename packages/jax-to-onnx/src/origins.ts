import type { Lazy } from "./lazy.js";

/** How one spatial axis of a convolution is walked. */
export type AxisTaps = Readonly<{
  input: number;
  output: number;
  kernel: number;
  stride: number;
  before: number;
  inputDilation: number;
  kernelDilation: number;
  /** The kernel is given reversed along this axis. */
  reversed: boolean;
}>;

/** A matrix of the graph, or its transpose if flipped. */
export type Matrix = Readonly<{ name: string; flipped: boolean }>;

/** The operands of a convolution, and how each axis is walked. */
export type Convolution = Readonly<{ x: Lazy; kernel: Lazy; axes: readonly AxisTaps[] }>;

/** How a value was made. Nodes have names only, so a rule that looks behind a value finds views of its operands here. */
export type Origin = Readonly<{
  sum?: readonly [Lazy, Lazy];
  /** A value with reversed axes, in ascending order. */
  reversal?: Readonly<{ source: Lazy; axes: readonly number[] }>;
  convolution?: Convolution;
  /** The operands of a product of matrices that is written as a sum of several. */
  matrixProduct?: readonly [Matrix, Matrix];
}>;
