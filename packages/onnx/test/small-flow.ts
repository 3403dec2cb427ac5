/** A flow on images that trains in milliseconds, its data, and other random numbers. */
import { flowify, HostArray } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { numpy as np } from "@jax-js/jax";

export const normals = (shape: readonly number[], seed: number): HostArray => {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  makeRng(seed).fillNormal(data);
  return new HostArray(data, shape, np.float32);
};

export const flow = flowify({
  inShape: [1, 8, 8],
  layers: [
    { kind: "dequantize" },
    { kind: "conv2d", out: 6, kernel: 3, stride: 2 },
    { kind: "rqSpline" },
    { kind: "flatten" },
  ],
});
const rng = makeRng(3);
export const examples = Uint8Array.from({ length: 400 * 64 }, () => 256 * rng.uniform());
