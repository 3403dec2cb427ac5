import { beforeAll, describe, expect, it } from "vitest";
import { jaxExecutor } from "../../src/executor/jax-executor.js";
import { flowify } from "../../src/flowify.js";
import { makeRng } from "../../src/math/rng.js";
import { FlowModel } from "../../src/model/model.js";
import type { Scores } from "../../src/model/scores.js";
import { usePrecision } from "../../src/testing/prepare.js";

beforeAll(() => usePrecision("float32"));

const COUNT = 600;
const made = flowify({
  inShape: [3],
  layers: [
    { kind: "dequantize", levels: 8 },
    { kind: "linear", out: 5 },
    { kind: "linear", out: 2 },
  ],
});
const examples = (() => {
  const rng = makeRng(1);
  return Float32Array.from({ length: COUNT * 3 }, () => Math.floor(8 * rng.uniform()));
})();

/** The examples in pieces of uneven size. */
function* pieces(): Generator<Float32Array> {
  for (const [begin, end] of [
    [0, 1],
    [1, 500],
    [500, COUNT],
  ] as const)
    yield examples.subarray(begin * 3, end * 3);
}

async function scored(model: FlowModel, samples: number): Promise<Scores[]> {
  const found: Scores[] = [];
  for await (const scores of model.score(pieces(), { samples, seed: 4 })) found.push(scores);
  return found;
}

describe("score", () => {
  it("gives in pieces what one call gives, and a ledger that sums to it", async () => {
    const model = await FlowModel.create(made, jaxExecutor(), { seed: 2 });
    const found = await scored(model, 1);
    expect(found.map(({ logProb }) => logProb.length)).toEqual([256, 256, 88]);
    const whole = await model.logProb(examples, { seed: 4 });
    expect(found.flatMap(({ logProb }) => [...logProb])).toEqual([...whole]);
    const width = made.ledgerLines.length;
    for (const { logProb, ledger, stdErr } of found) {
      expect(stdErr).toBeUndefined();
      logProb.forEach((total, i) => {
        const own = ledger.subarray(i * width, (i + 1) * width);
        expect(own.reduce((a, b) => a + b, 0)).toBeCloseTo(total, 4);
      });
    }
    await model.dispose();
  });

  it("takes several samples as `bound` does", async () => {
    const model = await FlowModel.create(made, jaxExecutor(), { seed: 2 });
    const found = await scored(model, 3);
    const whole = await model.importanceBound(examples, { samples: 3, seed: 4 });
    expect(found.flatMap(({ logProb }) => [...logProb])).toEqual([...whole.logProb]);
    expect(found.flatMap(({ stdErr }) => [...(stdErr ?? [])])).toEqual([...whole.stdErr]);
    await model.dispose();
  });

  it("refuses no samples, and examples that do not fill", async () => {
    const model = await FlowModel.create(made, jaxExecutor());
    await expect(model.score(pieces(), { samples: 0 }).next()).rejects.toThrow(
      "score: samples: expected an integer of at least 1, found 0",
    );
    await expect(model.score([new Float32Array(4)]).next()).rejects.toThrow("3 numbers each");
    await model.dispose();
  });
});
