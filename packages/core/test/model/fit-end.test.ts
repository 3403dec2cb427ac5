import { expect, it } from "vitest";
import { FlowModel, flowify, jaxExecutor } from "../../src/index.js";
import { makeRng } from "../../src/math/rng.js";
import { fittedEnd } from "../../src/model/fit-end.js";
import { sum } from "../../src/testing/plain.js";

const executor = jaxExecutor();
const mixture = { kind: "gaussianMixture", components: 4, kept: 0 } as const;
const rng = makeRng(5, 0);
// two clusters of each class, those of one on the diagonal
const labels = Array.from({ length: 800 }, (_, r) => [r % 2]);
const rows = labels.map(([c = 0], r) => {
  const side = r % 4 < 2 ? 3 : -3;
  return [side + 0.5 * rng.normal(), (c === 0 ? side : -side) + 0.5 * rng.normal()];
});
const given = { condition: labels, seed: 3 };

it("fits the normals of classes to what the layers in front of them return", async () => {
  const flow = flowify({
    inShape: [2],
    layers: [{ kind: "linear", out: 2 }, mixture],
    condition: { classes: 2 },
  });
  const model = await FlowModel.create(flow, executor, { seed: 1 });
  const fitted = await fittedEnd(model, rows, given);
  const names = Object.keys(model.arrays()).filter((name) => name.startsWith("params.1."));
  expect(Object.keys(fitted).sort()).toEqual(names.sort());
  const after = await FlowModel.fromArrays(flow, { ...model.arrays(), ...fitted }, executor);
  const mean = async (of: FlowModel, condition: number[][]) =>
    sum([...(await of.logProb(rows, { condition }))]) / rows.length;
  const own = await mean(after, labels);
  const truth = -Math.log(2) - (1 + Math.log(2 * Math.PI * 0.25)); // two clusters, far from each other
  expect(own).toBeGreaterThan(truth - 0.05);
  expect(await mean(model, labels)).toBeLessThan(own - 1);
  // hardly any mass is that of the other class
  expect(
    await mean(
      after,
      labels.map(([c = 0]) => [1 - c]),
    ),
  ).toBeLessThan(own - 14);
  const drawn = await after.sample(400, { condition: labels.slice(0, 400), seed: 2 });
  const wrong = drawn.filter(([x = 0, y = 0], r) => x * y > 0 !== (labels[r]![0] === 0));
  expect(wrong.length).toBe(0);
  await model.dispose();
  await after.dispose();
});

it("fits them to two draws of the noise of each example", async () => {
  const flow = flowify({
    inShape: [2],
    layers: [{ kind: "dequantize" }, { ...mixture, components: 2 }],
    condition: { classes: 2 },
  });
  const model = await FlowModel.create(flow, executor, { seed: 1 });
  const [counts, classes] = [
    rows.slice(0, 60).map((row) => row.map((v) => Math.round(v) + 10)),
    labels.slice(0, 60),
  ];
  const fitted = await fittedEnd(model, counts, { condition: classes, seed: 3 });
  const front = model.part(0, 1);
  const drawn = await Promise.all([3, 4].map((seed) => front.encode(counts, { condition: classes, seed })));
  const own = drawn.flatMap((z) => [...z].filter((_, at) => at % 4 === 0)); // first numbers of the first class
  expect(fitted["params.1.means"]?.data[0]).toBeCloseTo(sum(own) / own.length, 5);
  await front.dispose();
  await model.dispose();
});

it("leaves flows alone whose condition is no class, and those that end in another layer", async () => {
  const layers = [{ kind: "coupling", stack: 2, hidden: 8 }] as const;
  for (const network of [
    { inShape: [2], layers: [...layers, mixture], condition: { shape: [1] } },
    { inShape: [2], layers: [...layers], condition: { classes: 2 } },
    {
      inShape: [2],
      layers: [...layers, mixture],
      condition: { classes: 2 },
      embedding: { kind: "dense", hidden: 4, out: 3 },
    },
  ] as const) {
    const model = await FlowModel.create(flowify(network), executor, { seed: 1 });
    expect(await fittedEnd(model, rows, given)).toEqual({});
    await model.dispose();
  }
});
