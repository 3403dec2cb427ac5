import { expect, it } from "vitest";
import { FlowModel, flowify, jaxExecutor } from "../../src/index.js";
import { makeRng } from "../../src/math/rng.js";

it("explain puts what each layer adds for an example beside what it adds for others", async () => {
  const layers = [
    { kind: "affine", scale: Float32Array.of(2) },
    { kind: "softplus" },
    { kind: "linear", out: 2 },
  ] as const;
  const model = await FlowModel.create(flowify({ inShape: [4], layers }), jaxExecutor());
  const rng = makeRng(3);
  const others = Float32Array.from({ length: 400 }, () => rng.normal());
  const strange = Float32Array.of(9, -9, 9, 9);
  const lines = await model.explain(strange, others, { seed: 5 });
  expect(lines.map(({ layer }) => layer)).toEqual([
    "affine[0]",
    "softplus[1]",
    "linear[2]",
    "standardNormal",
    "total",
  ]);
  const total = lines.at(-1)!;
  const [[own], all] = [await model.logProb(strange, { seed: 5 }), await model.logProb(others, { seed: 5 })];
  expect(total.nats).toBeCloseTo(own!, 4);
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  expect(total.mean).toBeCloseTo(mean, 4);
  expect(total.std ** 2).toBeCloseTo(
    all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length,
    2,
  );
  expect(total.deviations).toBeCloseTo((mean - own!) / total.std, 4);
  expect(total.deviations).toBeGreaterThan(10);
  expect(lines[0]).toMatchObject({ deviations: 0, nats: expect.closeTo(4 * Math.log(2), 5) });
  await model.dispose();
});
