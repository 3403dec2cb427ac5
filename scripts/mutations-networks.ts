/** What `mutate.ts` changes in the layers of given networks. */
import type { Mutation } from "./mutations.js";

const laws = ["laws/contribution", "laws/round-trip"] as const;

const of =
  (file: string, only: string, tests: readonly string[] = laws) =>
  (from: string, to: string): Mutation => ({ file, from, to, tests, only });

const relu = of("layers/relu.ts", "", ["layers/relu"]);
const affine = of("layers/affine.ts", "affine");

export const networkMutations: readonly Mutation[] = [
  affine("np.sum(params.logScale.ref).mul(repeats)", "np.sum(params.logScale.ref)"),
  affine("np.sum(params.logScale.ref).mul(repeats)", "np.sum(params.logScale.ref).mul(-repeats)"),
  affine("np.exp(params.logScale.neg())", "np.exp(params.logScale)"),
  affine("z.sub(params.shift", "z.add(params.shift"),
  relu("np.square(epsilon.ref).sub(np.square(t))", "np.square(epsilon.ref).add(np.square(t))"),
  relu(".mul(0.5).add(perChannel(logA.ref.sub(logB)))", ".add(perChannel(logA.ref.sub(logB)))"),
  relu("perChannel(logA.ref.sub(logB))", "perChannel(logB.sub(logA.ref))"),
  relu("np.exp(logB.ref.neg())", "np.exp(logB.ref)"),
  relu(
    "np.where(cut, beyond(end, logB, epsilon.ref), x)",
    "np.where(cut, beyond(end, logB, epsilon.ref).mul(-1), x)",
  ),
  relu("Math.sqrt(square / Math.max(counts[c] as number, 1))", "square / Math.max(counts[c] as number, 1)"),
  relu("b + Math.log(NOISE_SCALE)", "b"),
];
