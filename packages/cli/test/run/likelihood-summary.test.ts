import { FlowModel, flow, jaxExecutor } from "@flowify/core";
import { uniform } from "@flowify/core/layer";
import { dequantize, dequantizeColumns, linear } from "@flowify/core/layers";
import { expect, it } from "vitest";
import { summarizeLikelihood, summaryLines } from "../../src/runs/likelihood-summary.js";
import { bits as inBits, unitOf } from "../../src/unit.js";

const once = { samples: 1, stdErrOfSamples: null };

it.each([
  [256, 8],
  [4, 2],
])("of a uniform distribution over %i levels: %i bits per dimension", async (levels, bits) => {
  const shape = [1, 2, 3];
  const made = flow([dequantize(shape, { levels })], uniform(shape));
  const model = await FlowModel.create(made, jaxExecutor());
  const evaluation = await model.evaluate(new Uint8Array(12).map((_, i) => i % levels));
  await model.dispose();
  expect(evaluation.bpd).toBeCloseTo(bits, 6);
  const meaning = summarizeLikelihood(made, evaluation, once);
  expect(meaning).toEqual({
    dequantization: { layer: "dequantize[0]", levels },
    dimensions: 6,
    nats: evaluation.nats,
    exact: false,
    likelihood: "bound",
    samples: 1,
    stdErr: 0,
    stdErrOfSamples: null,
  });
  expect(summaryLines(meaning, 2, inBits)[0]).toBe(
    `dequantization  dequantize[0], ${levels} levels: +${bits}.000 bits per dimension`,
  );
});

it("of a density without noise, on one image", () => {
  const meaning = summarizeLikelihood(flow([linear(2, 2)]), { nats: -3, stdErr: Number.NaN }, once);
  expect(summaryLines(meaning, 1, inBits)).toEqual([
    "dequantization  none: a density, not a probability of levels",
    "dimensions      n = 2 numbers per image",
    "bits            -log p / (n ln 2), with a mean log p of -3.000 nats",
    "likelihood      exact",
    "over images     1 image: no standard error",
    "over samples    none: no random numbers",
  ]);
});

it("of a table, where some columns lie on a grid", () => {
  const made = flow([dequantizeColumns([2], { gaps: [1, 0], origins: [0, 0] })]);
  const meaning = summarizeLikelihood(made, { nats: -3, stdErr: 1 }, once);
  expect(meaning.dequantization).toEqual({ layer: "dequantizeColumns[0]", levels: null });
  const [noise, , nats] = summaryLines(meaning, 2, unitOf([2]));
  expect(noise).toContain("dequantizeColumns[0]: values that repeat have probabilities");
  expect(nats).toBe("nats            -log p: 1.500 per dimension");
});
