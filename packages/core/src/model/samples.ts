import type { Base } from "../base.js";
import { makeRng } from "../math/rng.js";
import { mapTreeOfNoise, noiseDrawer } from "../noise.js";
import { fromHost } from "../params/host.js";
import type { HostArray } from "../params/host-array.js";
import { sizeOf } from "../shape.js";
import { STREAM } from "../train/data.js";
import { takeToHost } from "../train/state.js";
import { LARGEST } from "./batch-parts.js";

/** Latents of a base, one after another, from one stream of random numbers. */
export type LatentStream = Readonly<{
  /** Passes over so many latents, whole batches of them: their numbers are drawn and dropped. */
  skip(count: number): void;
  /** The next latents, [count, …shape]; all calls but the last ask for whole batches. */
  next(count: number): Promise<Float32Array>;
}>;

/**
 * The latents that a seed stands for. They are drawn in batches of 256, so they do not depend on how many are drawn in a call.
 *
 * @param temperature factor on the normal noises
 */
export function latentStream(base: Base, seed: number, temperature: number): LatentStream {
  const rng = makeRng(seed, STREAM.latent);
  const whole = noiseDrawer(base.noise, LARGEST);
  const size = sizeOf(base.shape);
  const draw = async (count: number): Promise<Float32Array> => {
    const noise = (count === LARGEST ? whole : noiseDrawer(base.noise, count))(rng, temperature);
    const z = await takeToHost(base.draw(mapTreeOfNoise(noise, (leaf) => fromHost(leaf))));
    return (z as HostArray).data as Float32Array;
  };
  return {
    skip(count) {
      for (let done = 0; done < count; done += LARGEST) whole(rng);
    },
    async next(count) {
      const latents = new Float32Array(count * size);
      for (let done = 0; done < count; done += LARGEST)
        latents.set(await draw(Math.min(LARGEST, count - done)), done * size);
      return latents;
    },
  };
}
