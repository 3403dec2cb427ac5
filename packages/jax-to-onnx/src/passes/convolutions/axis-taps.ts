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
