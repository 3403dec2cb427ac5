import type { Shape } from "../shape.js";
import type { NetworkLayer } from "./network.js";

type Of<K extends NetworkLayer["kind"]> = Extract<NetworkLayer, { kind: K }>;

/**
 * A layer of an ordinary network that has a value without any flow: what given networks are made of. The
 * flows of some are still to come; `flowify` says so.
 */
export type OrdinaryLayer =
  | Of<
      | "flatten"
      | "reshape"
      | "permute"
      | "transpose"
      | "affine"
      | "relu"
      | "clip"
      | "leakyRelu"
      | "prelu"
      | "linear"
      | "conv2d"
      | "conv1d"
      | "sigmoid"
      | "tanh"
      | "softplus"
      | "softsign"
      | "selu"
      | "elu"
      | "celu"
      | "pad"
      | "maxPool2d"
      | "avgPool2d"
    >
  | Readonly<{
      kind: "branches";
      branches: readonly (readonly OrdinaryLayer[])[];
      join: "add" | "concat";
      axis?: number;
    }>;

/** An ordinary network whose layers all have a value without any flow. */
export type OrdinaryNetwork = Readonly<{
  name?: string;
  inShape: Shape;
  layers: readonly OrdinaryLayer[];
}>;
