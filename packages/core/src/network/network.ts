import type { DenseWeights } from "../layers/linear-weights.js";
import type { PadAmounts } from "../layers/pad.js";
import type { Pair } from "../math/windows.js";
import type { Shape } from "../shape.js";

/** One layer of an ordinary network, as data. Sizes of its input are inferred. */
export type NetworkLayer =
  | Readonly<{ kind: "dequantize"; levels?: number }>
  | Readonly<{ kind: "variationalDequantize"; levels?: number; bins?: number; hidden?: number }>
  | Readonly<{ kind: "flatten" }>
  | Readonly<{ kind: "reshape"; shape: Shape }>
  | Readonly<{ kind: "permute"; order: readonly number[] }>
  | Readonly<{ kind: "transpose"; order: readonly number[] }>
  | Readonly<{ kind: "permuteChannels"; order?: readonly number[]; seed?: number }>
  | Readonly<{ kind: "squeeze" }>
  | Readonly<{ kind: "unsqueeze" }>
  | Readonly<{ kind: "actnorm" }>
  | Readonly<{ kind: "affine"; scale?: Float32Array; shift?: Float32Array }>
  | Readonly<{ kind: "split"; leaving?: number }>
  | Readonly<{ kind: "whiten"; scaled?: boolean; shrinkage?: number }>
  | Readonly<{ kind: "marginal"; bins?: number; bound?: number; per?: "entry" | "channel" }>
  | Readonly<{
      kind: "conv2d";
      out: number;
      kernel: Pair;
      stride?: Pair;
      dilation?: Pair;
      padding?: "fit" | number | PadAmounts;
      groups?: number;
      /** weight [out, in / groups, height, width]. */
      weights?: DenseWeights;
    }>
  | Readonly<{
      kind: "conv1d";
      out: number;
      kernel: number;
      stride?: number;
      dilation?: number;
      padding?: "fit" | number | { left?: number; right?: number };
      groups?: number;
      /** weight [out, in / groups, kernel]. */
      weights?: DenseWeights;
    }>
  | (Readonly<{ kind: "pad" }> & PadAmounts)
  | Readonly<{
      kind: "maxPool2d";
      kernel: Pair;
      stride?: Pair;
      dilation?: Pair;
      padding?: number | PadAmounts;
    }>
  | Readonly<{
      kind: "avgPool2d";
      kernel: Pair;
      stride?: Pair;
      padding?: number | PadAmounts;
      countPadding?: boolean;
    }>
  | Readonly<{
      kind: "branches";
      /** What each makes of the same input; none is the identity. */
      branches: readonly (readonly NetworkLayer[])[];
      join: "add" | "concat";
      /** The axis of an example that `concat` joins along. Default 0. */
      axis?: number;
    }>
  | Readonly<{ kind: "coupling"; stack: number; bins?: number; bound?: number; hidden?: number }>
  | Readonly<{ kind: "linear"; out: number; weights?: DenseWeights }>
  | Readonly<{ kind: "relu" }>
  | Readonly<{ kind: "clip"; min?: number; max?: number }>
  | Readonly<{ kind: "leakyRelu"; slope?: number }>
  | Readonly<{ kind: "prelu"; slope?: number | readonly number[] }>
  | Readonly<
      { kind: "sigmoid" } | { kind: "tanh" } | { kind: "softplus" } | { kind: "softsign" } | { kind: "selu" }
    >
  | Readonly<{ kind: "elu"; alpha?: number } | { kind: "celu"; alpha?: number }>
  | Readonly<{ kind: "rqSpline"; bins?: number; bound?: number }>;

/** An ordinary network: what one example looks like, and its layers in order. */
export type Network = Readonly<{ name?: string; inShape: Shape; layers: readonly NetworkLayer[] }>;
