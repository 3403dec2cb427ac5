/** What `mutate.ts` changes in the layers of given networks. */
import type { Mutation } from "./mutations.js";

const laws = ["laws/contribution", "laws/round-trip"] as const;

const of =
  (file: string, only: string, tests: readonly string[] = laws) =>
  (from: string, to: string): Mutation => ({ file, from, to, tests, only });

const affine = of("layers/affine.ts", "affine");

export const networkMutations: readonly Mutation[] = [
  affine("np.sum(params.logScale.ref).mul(repeats)", "np.sum(params.logScale.ref)"),
  affine("np.sum(params.logScale.ref).mul(repeats)", "np.sum(params.logScale.ref).mul(-repeats)"),
  affine("np.exp(params.logScale.neg())", "np.exp(params.logScale)"),
  affine("z.sub(params.shift", "z.add(params.shift"),
];
