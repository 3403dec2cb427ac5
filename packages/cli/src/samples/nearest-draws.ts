import { rowOf } from "../rows.js";

/** Samples of which the nearest is kept. */
const ROUNDS = 4;

/** Draws so many examples, one after another. The seed is another one in each round. */
export type Draw<T extends Uint8Array | Float32Array> = (seed: number) => Promise<T>;

/**
 * For each example the nearest of several samples. Where they are drawn from q(x | y) of a function y = f(x) that can be
 * computed, with |f(x) − y| as distance, this is approximate Bayesian computation by rejection.
 *
 * @param far the distance of each example
 * Source: Beaumont, Zhang, Balding 2002, of the nearest share of samples
 */
export async function nearestDraws<T extends Uint8Array | Float32Array>(
  draw: Draw<T>,
  far: (examples: T) => Promise<Float64Array>,
  seed: number,
): Promise<T> {
  const best = await draw(seed * ROUNDS);
  const least = await far(best);
  const size = best.length / least.length;
  for (let round = 1; round < ROUNDS; round++) {
    const next = await draw(seed * ROUNDS + round);
    (await far(next)).forEach((distance, i) => {
      if (!(distance < (least[i] ?? 0))) return;
      least[i] = distance;
      best.set(rowOf(next, i, size), i * size);
    });
  }
  return best;
}
