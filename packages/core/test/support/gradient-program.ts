import { numpy as np } from "@jax-js/jax";
import { ArraySpec } from "../../src/executor/executor.js";
import type { Flow } from "../../src/flow.js";
import { shapeKey } from "../../src/math/keys.js";
import { mapNoise, noiseShape } from "../../src/noise.js";
import { parameterPaths } from "../../src/params/parameter-paths.js";
import { treeDispose, treeMap } from "../../src/params/pytree.js";
import { makeWholeDescent } from "../../src/train/step.js";

/** The gradient of a training step, and what it is compiled for. */
export function gradientProgram(flow: Flow, batch: number) {
  const params = flow.init(shapeKey());
  const gradient = makeWholeDescent(flow, parameterPaths(params, flow.parameterKinds), 500);
  const spec = (shape: readonly number[]) => new ArraySpec(shape, np.float32);
  const paramSpecs = treeMap(({ shape }: np.Array) => spec(shape), params);
  const noise = mapNoise(flow.forwardNoise, (d) => spec(noiseShape(d, batch)));
  treeDispose(params);
  return { gradient, specs: [paramSpecs, spec([batch, ...flow.inShape]), noise] };
}
