import type { HostArray } from "@flowify/core";
import { ArraySpec, treeLeaves } from "@flowify/core/internal";
import {
  mapNoise,
  type NoiseDeclaration,
  type NoiseDistribution,
  type NoiseSpec,
  type Rng,
} from "@flowify/core/layer";
import { DType, type JsTree, type numpy as np, tree } from "@jax-js/jax";
import type { GraphModel, TensorInfo } from "jax-to-onnx/internal";
import { nth } from "jax-to-onnx/internal";

/** An input of an exported program. */
export type ExportedInput = Readonly<{
  name: string;
  shape: TensorInfo["shape"];
  /**
   * `noise`: drawn by the caller, from its distribution; in deterministic mode 0 for the normal and ½ for the uniform one.
   * `condition`: what the density is conditional on.
   */
  role: "examples" | "latents" | "condition" | "noise" | "count";
  distribution?: NoiseDistribution;
}>;

type ExportedOutput = Readonly<{
  name: string;
  shape: TensorInfo["shape"];
  meaning: string;
}>;

/** A program of a flow as an ONNX graph. */
export type ExportedProgram = Readonly<{
  /** `log-prob`, `encode`, `decode`, `sample`; with the suffix `-drawing`, the programs with their own random noise. */
  name: string;
  graph: GraphModel;
  inputs: readonly ExportedInput[];
  outputs: readonly ExportedOutput[];
  /** Name of the target that the graph was lowered for: `portable`, `ort-cpu`. */
  target: string;
  source: Source;
}>;

/** The function of a program, and its arguments. */
export type Source = Readonly<{
  run: (...args: never[]) => JsTree<np.Array>;
  /** Names of the leaves of its arguments. */
  names: readonly string[];
  /** Arguments for a batch, with random noise. */
  example(batch: number, rng: Rng): readonly JsTree<HostArray>[];
}>;

/** The leaves of a tree of noises, by name. */
export function namedNoises(
  noise: NoiseSpec,
  names: readonly string[],
): ReadonlyMap<string, NoiseDeclaration> {
  const leaves = treeLeaves<Leaf>(mapNoise(noise, (d) => new Leaf(d)));
  return new Map(leaves.map(({ declaration }, i) => [nth(names, i), declaration]));
}

/** A declaration in a tree: a class, so that trees treat it as a leaf. */
class Leaf {
  constructor(readonly declaration: NoiseDeclaration) {}
}

export const noiseSpecs = (noise: NoiseSpec, batch: number): JsTree<ArraySpec> =>
  mapNoise<ArraySpec>(noise, ({ shape }) => new ArraySpec([batch, ...shape], DType.Float32));

export const specsOf = (arrays: JsTree<HostArray>): JsTree<ArraySpec> =>
  tree.map(
    (leaf) => new ArraySpec((leaf as HostArray).shape, (leaf as HostArray).dtype),
    arrays as never,
  ) as JsTree<ArraySpec>;
