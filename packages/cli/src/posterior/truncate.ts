import { makeRng } from "@flowify/core/layer";
import { ascendingPlaces } from "../rows.js";
import type { Posterior } from "./posterior.js";
import type { Prior } from "./priors.js";

/** Samples of the posterior that set the threshold: and the share of them that it cuts off. */
const [SAMPLES, CUT] = [10_000, 1e-3] as const;
/** Samples of the prior that are looked at together, and the share that must pass to go on like that. */
const [AT_ONCE, FEW] = [4096, 0.02] as const;
/** Samples of the posterior for each that is kept of them. */
const POOL = 16;

/**
 * n samples of the prior where it is plausible after an observation: p̃(θ) ∝ p(θ) 1[q(θ | x) > τ], with τ the 10⁻³ quantile of
 * q over its own samples. By rejection; where nearly nothing passes, samples of q are chosen with weights p / q instead.
 *
 * Source: Deistler, Gonçalves, Macke 2022 (arXiv:2210.04815), algorithm 1 and appendix.
 */
export async function truncatedSamples(
  found: Posterior,
  observed: ArrayLike<number>,
  n: number,
  seed: number,
): Promise<ArrayLike<number>[]> {
  const { prior } = found;
  const own = await found.sample(SAMPLES, { observed, seed });
  const threshold = (await found.logProb(own, { observed })).sort()[CUT * SAMPLES] as number;
  const random = makeRng(seed, 6);
  const kept: ArrayLike<number>[] = [];
  for (let seen = 0; kept.length < n; seen += AT_ONCE) {
    if (seen > 0 && kept.length < FEW * seen) break;
    const some = Array.from({ length: AT_ONCE }, () => prior.sample(random));
    const logs = await found.logProb(some, { observed });
    kept.push(...some.filter((_, i) => (logs[i] as number) > threshold));
  }
  if (kept.length >= n) return kept.slice(0, n);
  const pool = await found.sample(POOL * n, { observed, seed: seed + 1 });
  const logs = await found.logProb(pool, { observed });
  // the largest of log w + Gumbel noise are a weighted choice without repetition (Efraimidis and Spirakis 2006)
  const keys = pool.map((theta, i) => {
    const log = logs[i] as number;
    const weight = log > threshold ? prior.logProb(theta) - log : Number.NEGATIVE_INFINITY;
    return weight - Math.log(-Math.log(random.uniform() + 2 ** -25));
  });
  return ascendingPlaces(keys)
    .slice(-n)
    .map((place) => pool[place] as Float64Array);
}

/** A prior with these samples, in place of the posterior, which is released. */
export async function truncatedPrior(
  ...[found, ...given]: Parameters<typeof truncatedSamples>
): Promise<Pick<Prior, "sample">> {
  try {
    const next = (await truncatedSamples(found, ...given)).values();
    return { sample: () => next.next().value as ArrayLike<number> };
  } finally {
    for (const member of found.members) await member.dispose();
  }
}
