import { describe, expect, it } from "vitest";
import { planChart } from "../../src/pictures/plan-chart.js";
import { busiestBytes, fitNetwork, planStep, sumsMs } from "../../src/plan/cost-model.js";
import { coresOfRank } from "../../src/ranks/cores.js";

describe("model of a step's cost", () => {
  it("costs two messages and twice the bytes of the busiest link, which depend on who owns what", () => {
    expect(sumsMs({ alphaMs: 0.5, betaMs: 1e-6 }, 8e6)).toBeCloseTo(2 * 0.5 + 16, 12);
    expect(busiestBytes([100, 100])).toBe(400);
    expect(busiestBytes([100, 100, 100, 100])).toBe(1200);
    expect(busiestBytes([50, 150])).toBe(600);
    expect(busiestBytes([0, 10, 90])).toBe(4 * 2 * 90);
  });

  it("recovers the network from times that follow the model, and never a negative part", () => {
    const network = { alphaMs: 0.03, betaMs: 2e-7 };
    const timed = [1e3, 1e5, 1e7].map((bytes) => ({ bytes, ms: sumsMs(network, bytes) }));
    const fitted = fitNetwork(timed);
    expect(fitted.alphaMs).toBeCloseTo(network.alphaMs, 9);
    expect(fitted.betaMs / network.betaMs).toBeCloseTo(1, 9);
    const falling = [
      { bytes: 10, ms: 2 },
      { bytes: 1000, ms: 1 },
    ];
    expect(fitNetwork(falling)).toMatchObject({ betaMs: 0 });
    const steep = [
      { bytes: 10, ms: 0.001 },
      { bytes: 1000, ms: 1 },
    ];
    expect(fitNetwork(steep)).toMatchObject({ alphaMs: 0 });
  });

  it("adds up what a rank computes and waits for", () => {
    const rank = { ranks: 4, computeMs: 6, owned: [1000, 1000, 1000, 1000] };
    const found = planStep(64, rank, { alphaMs: 0.2, betaMs: 5e-5 });
    expect(found.sumsMs).toBeCloseTo(1.6, 9);
    expect(found.stepMs).toBeCloseTo(6 + 1.6 + 3 * 0.2, 9);
    expect(found.examplesPerSecond).toBeCloseTo(64_000 / 8.2, 6);
    expect(planStep(64, { ...rank, ranks: 1 })).toMatchObject({ sumsMs: 0, stepMs: 6 });
  });

  it("lets a rank compute while another on its cores waits, but no step is shorter than the work of the cores", () => {
    const rank = { ranks: 4, computeMs: 8, owned: [1000, 1000, 1000, 1000] };
    const slow = { alphaMs: 0.2, betaMs: 5e-4 };
    const messages = 2 * (0.2 + 12_000 * 5e-4) + 3 * 0.2;
    expect(planStep(64, { ...rank, crowding: 2 }, slow).stepMs).toBeCloseTo(8 / 2 + messages, 9);
    const fast = { alphaMs: 0.01, betaMs: 1e-5 };
    expect(planStep(64, { ...rank, crowding: 2 }, fast).stepMs).toBe(8);
    expect(planStep(64, { ...rank, crowding: 1 }, fast).stepMs).toBeGreaterThan(8);
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
