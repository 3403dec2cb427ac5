import type { KerasLayer } from "./topology.js";

/** Numbers of a layer in row-major order. */
export type Weight = Readonly<{ shape: readonly number[]; data: Float32Array }>;

/** The weights of a model, by layer and name; undefined if missing. */
export type KerasWeights = (layer: KerasLayer, weight: string) => Weight | undefined;
