import { describe, expect, it } from "vitest";
import { NotFiniteError } from "../../src/errors.js";
import { FlowModel, flow, flowify, jaxExecutor } from "../../src/index.js";
import { coupling } from "../../src/layers/coupling.js";
import { linear } from "../../src/layers/linear.js";
import { makeRng } from "../../src/math/rng.js";

const create = (inShape: number[], layers: Parameters<typeof flowify>[0]["layers"]): Promise<FlowModel> =>
  FlowModel.create(flowify({ inShape, layers }), jaxExecutor(), { seed: 3 });

describe("logProbGradient", () => {
  it("is -x / s² for a normal of scale s", async () => {
    const model = await create([2], [{ kind: "affine", scale: Float32Array.of(0.5) }]);
    const { logProb, gradient } = await model.logProbGradient([
      [1, -2],
      [0, 3],
    ]);
    expect([...gradient].map((v) => v + 0)).toEqual([-0.25, 0.5, 0, -0.75]);
    expect([...logProb]).toEqual([
      ...(await model.logProb([
        [1, -2],
        [0, 3],
      ])),
    ]);
    await model.dispose();
  });

  it("agrees with differences of log p, with the same noise, for each of 300 examples", async () => {
    const layers = [coupling([4], 2, { hidden: 16, init: "random" }), linear(4, 2)];
    const model = await FlowModel.create(flow(layers), jaxExecutor(), { seed: 3 });
    const rng = makeRng(5);
    const x = Float32Array.from({ length: 1200 }, () => rng.normal());
    const options = { seed: 9 };
    const { logProb, gradient } = await model.logProbGradient(x, options);
    expect(logProb).toEqual(await model.logProb(x, options));
    const step = 4e-3;
    for (let entry = 0; entry < 4; entry++) {
      const moved = (by: number): Float32Array => x.map((v, i) => (i % 4 === entry ? v + by : v));
      const [up, down] = [
        await model.logProb(moved(step), options),
        await model.logProb(moved(-step), options),
      ];
      // the median: a difference across a spline's knot is off
      const off = [...up].map((value, i) => {
        const wanted = (value - down[i]!) / (2 * step);
        return Math.abs(gradient[4 * i + entry]! - wanted) / (1 + Math.abs(wanted));
      });
      expect(off.sort((a, b) => a - b)[150]).toBeLessThan(1e-3);
      expect(off[290]).toBeLessThan(2e-2);
    }
    await model.dispose();
  });

  it("names an example whose log p is not finite", async () => {
    const model = await create([1], [{ kind: "affine", scale: Float32Array.of(2) }]);
    await expect(model.logProbGradient([[0.5], [1e30]])).rejects.toThrow(NotFiniteError);
    await expect(model.logProbGradient([[0.5], [1e30]])).rejects.toThrow("example 1");
    await model.dispose();
  });
});
