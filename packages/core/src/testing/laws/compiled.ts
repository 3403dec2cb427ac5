import { LawError } from "../../errors.js";
import { nth } from "../../lists.js";
import { arraysOf, call, compiled as compile, gradient, readAll } from "../arrays.js";
import { meanLogLikelihood } from "../likelihood.js";
import { onceFor, prepare } from "../prepare.js";
import type { Figure, Law, Subject } from "../subject.js";
import { within } from "../within.js";

const same = (a: readonly number[][], b: readonly number[][]): boolean =>
  a.length === b.length && a.every((leaf, i) => leaf.every((v, k) => Object.is(v, b[i]?.[k])));

/** The functions of a layer with arguments for them, made anew at every call; its gradient where it learns. */
async function functionsOf(subject: Subject) {
  const { layer } = subject;
  const { params, x, z, forwardNoise, inverseNoise } = await prepare(subject, "float32");
  const forward = (): unknown[] => [params(), x(), forwardNoise()];
  const inverse = (): unknown[] => [params(), z(), inverseNoise()];
  const learns = arraysOf(params()).length > 0;
  return [
    ["forward", layer.forward, forward],
    ["inverse", layer.inverse, inverse],
    ...(learns ? [["the gradient", gradient(meanLogLikelihood(layer)), forward] as const] : []),
  ] as const;
}

/** What each of the functions gives, eager. */
const eagerOf = onceFor(async (subject) => {
  const results: number[][][] = [];
  for (const [, f, args] of await functionsOf(subject)) results.push(await readAll(call(f, args())));
  return results;
});

/** Nothing but the arguments decides what comes out. */
export const pure: Law = {
  name: "pure",
  promise: "a second call gives the same numbers",
  check: async (subject) => {
    const first = await eagerOf(subject);
    for (const [i, [what, f, args]] of (await functionsOf(subject)).entries()) {
      if (!same(await readAll(call(f, args())), nth(first, i)))
        throw new LawError("pure", `${what} gives other numbers in a second call: noises are arguments`);
    }
    return [];
  },
};

/** Float32 only: jax-js 0.1.25 compiles scalar constants wrongly in float64. */
export const compiled: Law = {
  name: "compiled",
  promise: "compiled = eager, and a second call gives the same numbers",
  check: async (subject) => {
    const figures: Figure[] = [];
    const eager = await eagerOf(subject);
    for (const [k, [what, f, args]] of (await functionsOf(subject)).entries()) {
      const fast = compile(f);
      const first = await readAll(call(fast, args()));
      if (!same(await readAll(call(fast, args())), first))
        throw new LawError("compiled", `${what}, compiled, gives other numbers in a second call`);
      for (const [i, leaf] of first.entries()) {
        const compared = [leaf, nth(nth(eager, k), i)] as const;
        figures.push(
          within("compiled", `${what}, compiled against eager`, compared, "jit", subject.condition),
        );
      }
      fast.dispose();
    }
    return figures;
  },
};
