import { describe, expect, it } from "vitest";
import { type ChainLayer, isChain } from "../../src/chain.js";
import { flow } from "../../src/flow.js";
import { sizeOf } from "../../src/shape.js";
import { numbersOf } from "../../src/testing/arrays.js";
import { kindOf } from "../../src/testing/jacobian.js";
import { inFlow } from "../../src/testing/likelihood.js";
import { prepare } from "../../src/testing/prepare.js";
import { catalog } from "../catalog.js";
import { expectClose } from "../support/compare.js";

/** Entries without a square Jacobian; each is checked elsewhere. */
const elsewhere: { readonly [reason: string]: (name: string) => boolean } = {
  "densities/mixture.test.ts, against the formula: a mixture's choice is one noise too many": (name) =>
    /^linear.*mixture/.test(name),
  "below, as the sum of its parts: noise in both directions, or more of it than coordinates": (name) =>
    ["chain up and down", "chain from pixels"].includes(name) ||
    /^(conv|avgPool|branches|opaque|elementwise|take rows)/.test(name),
  "layers/relu.test.ts, against the formula: as much noise forward as back": (name) =>
    /^(relu|clip)/.test(name),
  "layers/self-gated.test.ts, against the formula: a side is a noise without a coordinate": (name) =>
    name.startsWith("selfGated"),
  "layers/normalize.test.ts, by the Jacobian with what is dropped: as much noise forward as back": (name) =>
    name.startsWith("normalize"),
  "layers/dequantize-columns.test.ts, by differences: less noise than columns": (name) =>
    name === "dequantizeColumns of a continuous column too",
  "layers/max-pool2d.test.ts, against the formula: a choice is a noise without a coordinate": (name) =>
    name.startsWith("maxPool2d"),
  "layers/gaussian-mixture.test.ts, against the formula: a choice is a noise without a coordinate": (name) =>
    name.startsWith("gaussianMixture"),
  "layers/value-tree.test.ts, by its sum: values are chosen": (name) => name.startsWith("valueTree"),
  "layers/value-classes.test.ts, by its sum: values are chosen": (name) => name.startsWith("valueClasses"),
  "layers/mixed-row.test.ts, by its sum: values are chosen": (name) => name.startsWith("mixedRow"),
  "layers/flow-mixture.test.ts, against the members: a choice is a noise without a coordinate": (name) =>
    name.startsWith("flowMixture"),
  "images.test.ts: a tile's noise is centred, one less than there are copies; a mixture's choice": (name) =>
    /^tile|^(kernel|split).*mixture/.test(name),
};

it("what has no square Jacobian is checked elsewhere", () => {
  for (const { name } of catalog.filter((entry) => !kindOf(entry)))
    expect(Object.values(elsewhere).filter((covers) => covers(name))).toHaveLength(1);
});

const isChainEntry = <E extends { layer: (typeof catalog)[number]["layer"] }>(
  entry: E,
): entry is E & { layer: ChainLayer } => isChain(entry.layer);

/** Chains by name, and layers made of parts that no Jacobian speaks for; of the others the law above says more. */
const sums = catalog.filter((entry) => entry.of.includes("chain") || !kindOf(entry)).filter(isChainEntry);

describe("a chain contributes the sum of its parts", () => {
  it.each(sums)("$name", async (entry) => {
    const { params, x, forwardNoise } = await prepare(entry, "float64");
    const parts = params() as unknown[];
    let z = x();
    const total = new Array<number>(z.shape[0] as number).fill(0);
    for (const [i, layer] of entry.layer.layers.entries()) {
      const noise = (forwardNoise() as (typeof layer.forwardNoise)[])[i];
      const step = layer.forward(parts[i] as never, z, noise as never);
      z = step.z;
      (await numbersOf(step.contribution)).forEach((v, k) => {
        total[k]! += v;
      });
    }
    const whole = entry.layer.forward(params() as never, x(), forwardNoise());
    expectClose(await numbersOf(whole.contribution), total, "closedForm64");
    expectClose(await numbersOf(whole.z), await numbersOf(z), "closedForm64");
    // and so does the ledger of a flow, the base last
    const one = flow([entry.layer]);
    const wrap = (own: unknown): never => inFlow(entry.layer, own) as never;
    const ledger = one.ledger(wrap(params()), x(), wrap(forwardNoise()));
    const logProb = one.logProb(wrap(params()), x(), wrap(forwardNoise()));
    const rows = await numbersOf(ledger.sum(1));
    expectClose(rows, await numbersOf(logProb), "closedForm64");
    expect(sizeOf(entry.layer.outShape)).toBeGreaterThan(0);
  });
});
