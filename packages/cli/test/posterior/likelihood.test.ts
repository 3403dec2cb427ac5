import { DataError } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { loadRuntime } from "@flowify/onnx";
import { afterAll, describe, expect, it } from "vitest";
import { likelihood, type Simulator, uniform } from "../../src/posterior.js";

/** x = (θ + ε₁, θ² + ε₂), ε ~ N(0, 0.3²). */
const simulate: Simulator = ([theta = 0], random) =>
  [theta, theta ** 2].map((mean) => mean + 0.3 * random.normal());
const trueLog = ([a = 0, b = 0]: readonly number[], theta: number): number =>
  -0.5 * (((a - theta) / 0.3) ** 2 + ((b - theta ** 2) / 0.3) ** 2) - Math.log(2 * Math.PI * 0.09);
const found = await likelihood({
  prior: uniform(-1, 1),
  simulate,
  simulations: 2000,
  epochs: 40,
  ensemble: 2,
  blocks: 1,
  hidden: 24,
  seed: 7,
});
afterAll(() => found.dispose());

describe("a likelihood", () => {
  it("is near that of a simulator that has one", async () => {
    const thetas = [-0.6, -0.2, 0.1, 0.5].map((theta) => [theta]);
    const gaps: number[] = [];
    for (const x of [
      [0.1, 0.2],
      [-0.4, 0.3],
      [0.6, 0.1],
    ]) {
      const logs = await found.logProb([x], thetas);
      gaps.push(...thetas.map(([theta = 0], i) => Math.abs((logs[i] as number) - trueLog(x, theta))));
    }
    expect(gaps.reduce((a, b) => a + b) / gaps.length).toBeLessThan(0.25);
  });

  it("integrates to 1 over observations", async () => {
    const steps = 60;
    const cells = Array.from({ length: steps * steps }, (_, i) => [
      -2 + (4 * ((i % steps) + 0.5)) / steps,
      -2 + (4 * (Math.floor(i / steps) + 0.5)) / steps,
    ]);
    const logs = await found.logProb(cells, [[0.3]]);
    const mass = logs.reduce((sum, log) => sum + Math.exp(log), 0);
    expect(Math.abs(mass * (4 / steps) ** 2 - 1)).toBeLessThan(0.02);
  });

  it("is one ONNX file with the same numbers to 1e-4", async () => {
    const { InferenceSession, Tensor } = await loadRuntime();
    const session = await InferenceSession.create(found.toOnnx(), { logSeverityLevel: 3 });
    const [count, rng] = [40, makeRng(3)];
    const theta = Float32Array.from({ length: count }, () => 2 * rng.uniform() - 1);
    // the last one far away, where sinh would overflow
    const x = [...Array.from({ length: 2 * count - 2 }, () => Math.fround(rng.normal())), 50, -70];
    const result = await session.run({
      observation: new Tensor("float32", Float32Array.from(x), [count, 2]),
      theta: new Tensor("float32", theta, [count, 1]),
    });
    const theirs = result.log_likelihood?.data as Float32Array;
    const rows = Array.from({ length: count }, (_, i) => x.slice(2 * i, 2 * i + 2));
    const logs = await found.logProb(
      rows,
      Array.from(theta, (each) => [each]),
    );
    logs.forEach((ours, i) =>
      expect(Math.abs((theirs[i] as number) - ours)).toBeLessThan(1e-4 * Math.max(1, Math.abs(ours))),
    );
    await session.release();
  });

  it("refuses what is no observation and no parameter", async () => {
    await expect(found.logProb([[1]], [[0]])).rejects.toThrow("observed: expected 2 numbers");
    await expect(found.logProb([[1, 2]], [[0, 1]])).rejects.toThrow("theta: expected 1 numbers");
    const uneven = found.logProb(
      [
        [1, 2],
        [1, 2],
      ],
      [[0], [0], [0]],
    );
    await expect(uneven).rejects.toThrow(DataError);
    await expect(likelihood({ prior: uniform(-1, 1), simulate, simulation: 10 } as never)).rejects.toThrow(
      'unknown option "simulation"',
    );
    await expect(likelihood({ prior: uniform(-1, 1), simulate, simulations: 5 })).rejects.toThrow(
      "likelihood: expected at least 20 simulations, got 5",
    );
  });
});
