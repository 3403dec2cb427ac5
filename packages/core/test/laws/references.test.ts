import { numpy as np, tree } from "@jax-js/jax";
import { beforeAll, describe, expect, it } from "vitest";
import { flow } from "../../src/flow.js";
import { catalog } from "../catalog.js";
import {
  type AnyFunction,
  arraysOf,
  call,
  callWithRefs,
  compiled,
  gradient,
  readAll,
} from "../support/arrays.js";
import { inFlow, meanLogLikelihood } from "../support/likelihood.js";
import { liveBuffers } from "../support/live-buffers.js";
import { prepare, usePrecision } from "../support/prepare.js";

beforeAll(async () => {
  usePrecision("float32");
  await readAll(np.zeros([2]).add(1));
});

/** Calls `f` twice with references: what was given is unchanged, and nothing else stays alive. */
async function expectNothingKept(args: readonly unknown[], f: AnyFunction): Promise<void> {
  const given = arraysOf(args);
  const once = given.map(() => 1);
  await readAll(callWithRefs(f, args)); // makes the constants that jax-js keeps for good
  expect(given.map((array) => array.refCount)).toEqual(once);
  const before = liveBuffers();
  await readAll(callWithRefs(f, args));
  expect(given.map((array) => array.refCount)).toEqual(once);
  expect(liveBuffers()).toBe(before);
}

describe("references: everything given is consumed, once, and nothing else stays alive", () => {
  it.each(catalog)("$name", async (entry) => {
    const { params, x, z, forwardNoise, inverseNoise } = await prepare(entry, "float32");
    const { layer } = entry;
    const forward = [params(), x(), forwardNoise()];
    const inverse = [params(), z(), inverseNoise()];
    const score = meanLogLikelihood(layer);
    await expectNothingKept(forward, layer.forward);
    await expectNothingKept(inverse, layer.inverse);
    await expectNothingKept(forward, score);
    // a gradient compiled only: the reciprocal's rule in jax-js 0.1.25 keeps a buffer at every eager call
    for (const f of [layer.forward, ...(arraysOf(forward[0]).length > 0 ? [gradient(score)] : [])]) {
      const fast = compiled(f);
      await expectNothingKept(forward, fast);
      fast.dispose();
    }

    // without references the call takes what it is given
    for (const [f, args] of [
      [layer.forward, forward],
      [layer.inverse, inverse],
    ] as const) {
      const given = arraysOf(args);
      await readAll(call(f, args));
      expect(given.map((array) => array.refCount)).toEqual(given.map(() => 0));
    }
  });

  it.each(catalog)("a flow's functions: $name", async (entry) => {
    const { params, x, z, forwardNoise, inverseNoise } = await prepare(entry, "float32");
    const made = flow([entry.layer]);
    const wrap = (own: unknown): unknown => inFlow(entry.layer, own);
    const forward = [wrap(params()), x(), wrap(forwardNoise())];
    const inverse = [wrap(params()), z(), wrap(inverseNoise())];
    for (const f of [made.logProb, made.encode, made.ledger]) await expectNothingKept(forward, f);
    await expectNothingKept(inverse, made.decode);
    tree.dispose(arraysOf([forward, inverse]));
  });
});
