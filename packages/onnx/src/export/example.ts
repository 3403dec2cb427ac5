import { HostArray } from "@flowify/core";
import type { Rng, Shape } from "@flowify/core/layer";
import { DType } from "@jax-js/jax";

/** Random examples: integers 0..levels−1, or standard normal numbers without levels. */
export function someExamples(batch: number, shape: Shape, levels: number | undefined, rng: Rng): HostArray {
  const data = new Float32Array(batch * shape.reduce((a, b) => a * b, 1));
  if (levels === undefined) rng.fillNormal(data);
  else {
    rng.fillUniform(data);
    data.forEach((u, i) => {
      data[i] = Math.min(Math.floor(u * levels), levels - 1);
    });
  }
  return new HostArray(data, [batch, ...shape], DType.Float32);
}
