import { numpy as np, tree } from "@jax-js/jax";
import { LawError } from "../../errors.js";
import { flow } from "../../flow.js";
import { type AnyFunction, arraysOf, call, callWithRefs, compiled, gradient, readAll } from "../arrays.js";
import { inFlow, meanLogLikelihood } from "../likelihood.js";
import { bufferCounter } from "../live-buffers.js";
import { prepare, usePrecision } from "../prepare.js";
import type { Law, Subject } from "../subject.js";

/** How often each given array was consumed by a call that was given one reference of each. */
function expectConsumedOnce(name: string, given: readonly np.Array[], left: number, cause?: unknown): void {
  const wrong = given.findIndex(({ refCount }) => refCount !== left);
  const count = given[wrong]?.refCount;
  if (count === undefined) return;
  const what = `array ${wrong} of ${given.length} that ${name} is given (parameters, input, noises in order)`;
  const times = left + 1 - count;
  throw new LawError(
    "references",
    times > 1
      ? `${what} is consumed ${times} times: take what is used twice with \`.ref\``
      : `${what} is never consumed: dispose of what is not used, and take no \`.ref\` for the last use`,
    { cause },
  );
}

/** Calls `f` twice with references: what was given is unchanged, and nothing else stays alive. */
async function expectNothingKept(name: string, args: readonly unknown[], f: AnyFunction): Promise<void> {
  const given = arraysOf(args);
  const live = await bufferCounter();
  const run = async (): Promise<void> => {
    try {
      await readAll(callWithRefs(f, args)); // read first: a result may be an array that was given
    } catch (error) {
      if (given.some(({ refCount }) => refCount < 1)) expectConsumedOnce(name, given, 1, error);
      throw error;
    }
    expectConsumedOnce(name, given, 1);
  };
  await run(); // makes the constants that jax-js keeps for good
  const before = live();
  await run();
  const kept = live() - before;
  if (kept !== 0)
    throw new LawError(
      "references",
      `${name} leaves ${kept} arrays alive that it made: dispose of what is not returned`,
    );
}

/** The layer and its arrays, after one addition in Wasm, so that what it makes for good is there before anything is counted. */
async function prepared(subject: Subject) {
  usePrecision("float32");
  await readAll(np.zeros([200]).add(1));
  return { layer: subject.layer, ...(await prepare(subject, "float32")) };
}

/** Ownership as `layer.ts` has it, of the layer alone. */
export const references: Law = {
  name: "references",
  promise: "everything given is consumed, once, and nothing else stays alive",
  check: async (subject) => {
    const { layer, params, x, z, forwardNoise, inverseNoise } = await prepared(subject);
    const forward = [params(), x(), forwardNoise()];
    const inverse = [params(), z(), inverseNoise()];
    await expectNothingKept("forward", forward, layer.forward);
    await expectNothingKept("inverse", inverse, layer.inverse);
    // without references the call takes what it is given
    for (const [name, f, args] of [
      ["forward", layer.forward, forward],
      ["inverse", layer.inverse, inverse],
    ] as const) {
      const given = arraysOf(args);
      await readAll(call(f, args));
      expectConsumedOnce(name, given, 0);
    }
    return [];
  },
};

/** The same of all that is derived from a layer. */
export const derivedReferences: Law = {
  name: "references, derived",
  promise: "gradients, compiled functions and the functions of a flow consume what they are given, once",
  check: async (subject) => {
    const { layer, params, x, z, forwardNoise, inverseNoise } = await prepared(subject);
    const forward = [params(), x(), forwardNoise()];
    const score = meanLogLikelihood(layer);
    await expectNothingKept("the likelihood", forward, score);
    // a gradient compiled only: the reciprocal's rule in jax-js 0.1.25 keeps a buffer at every eager call
    const learns = arraysOf(forward[0]).length > 0;
    for (const [name, f] of [
      ["the compiled forward", layer.forward],
      ...(learns ? [["the compiled gradient", gradient(score)] as const] : []),
    ] as const) {
      const fast = compiled(f);
      await expectNothingKept(name, forward, fast);
      fast.dispose();
    }
    const made = flow([layer]);
    const wrap = (own: unknown): unknown => inFlow(layer, own);
    const there = [wrap(forward[0]), forward[1], wrap(forward[2])];
    const back = [wrap(params()), z(), wrap(inverseNoise())];
    await expectNothingKept("logProb of the flow", there, made.logProb);
    await expectNothingKept("encode of the flow", there, made.encode);
    await expectNothingKept("ledger of the flow", there, made.ledger);
    await expectNothingKept("decode of the flow", back, made.decode);
    tree.dispose(arraysOf([there, back]));
    return [];
  },
};
