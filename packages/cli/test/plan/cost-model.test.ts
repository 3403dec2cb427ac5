import { describe, expect, it } from "vitest";
import { planChart } from "../../src/pictures/plan-chart.js";
import { allreduceMs, fitNetwork, planStep } from "../../src/plan/cost-model.js";
import { coresOfRank } from "../../src/ranks/cores.js";

describe("model of a step's cost", () => {
  it("costs an Allreduce 2 ⌈log₂ P⌉ messages and 2 (P − 1) / P of its bytes, and nothing for one rank", () => {
    const network = { alphaMs: 0.5, betaMs: 1e-6 };
    expect(allreduceMs(network, 1, 8e6)).toBe(0);
    expect(allreduceMs(network, 2, 8e6)).toBeCloseTo(2 * 0.5 + 8, 12);
    expect(allreduceMs(network, 5, 8e6)).toBeCloseTo(6 * 0.5 + 12.8, 12);
  });

  it("recovers the network from times that follow the model, and never a negative part", () => {
    const network = { alphaMs: 0.03, betaMs: 2e-7 };
    const timed = [1e3, 1e5, 1e7].map((bytes) => ({ bytes, ms: allreduceMs(network, 4, bytes) }));
    const fitted = fitNetwork(timed, 4);
    expect(fitted.alphaMs).toBeCloseTo(network.alphaMs, 9);
    expect(fitted.betaMs / network.betaMs).toBeCloseTo(1, 9);
    const falling = [
      { bytes: 10, ms: 2 },
      { bytes: 1000, ms: 1 },
    ];
    expect(fitNetwork(falling, 2)).toMatchObject({ betaMs: 0 });
    const steep = [
      { bytes: 10, ms: 0.001 },
      { bytes: 1000, ms: 1 },
    ];
    expect(fitNetwork(steep, 2)).toMatchObject({ alphaMs: 0 });
  });

  it("adds up what a rank computes and waits for", () => {
    expect(planStep(64, { ranks: 4, computeMs: 6, allreduceMs: 2 })).toEqual({
      ranks: 4,
      computeMs: 6,
      allreduceMs: 2,
      stepMs: 8,
      examplesPerSecond: 8000,
    });
  });

  it("draws the model and the measurements in two colours", async () => {
    const speed = (ranks: number) => ({ ranks, examplesPerSecond: 1000 * ranks ** 0.8 });
    const svg = await planChart({
      title: "fmlp",
      modelled: [1, 2, 4, 8].map(speed),
      measured: [speed(1), speed(4)],
    });
    expect(svg).toContain("modelled");
    expect(svg).toContain("measured");
    expect(new Set(svg.match(/fill="#[0-9a-f]{6}"/g)).size).toBeGreaterThanOrEqual(2);
  });
});

describe("cores of a rank", () => {
  const rank = (host: string, which: string, cores: number) => ({ host, which, cores });

  it("divides the cores of a machine among the ranks that share them", () => {
    expect(coresOfRank([rank("a", "0-7", 8), rank("a", "0-7", 8)])).toBe(4);
    expect(coresOfRank([rank("a", "0", 1), rank("a", "1", 1)])).toBe(1);
    expect(coresOfRank([rank("a", "0-3", 4), rank("a", "4-7", 4)])).toBe(4);
  });

  it("takes the smallest share of all machines, and one core at least", () => {
    expect(coresOfRank([rank("a", "0-7", 8), rank("b", "0-1", 2)])).toBe(2);
    expect(coresOfRank(Array.from({ length: 3 }, () => rank("a", "0-1", 2)))).toBe(1);
  });
});
