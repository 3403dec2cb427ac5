/** What a posterior says of itself: pictures, observations simulated again, warnings. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataError, UsageError } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { BOUND } from "../../src/pictures/theme.js";
import { normal, pictures, posterior, type Simulator } from "../../src/posterior.js";
import { meanAndSpread } from "../../src/statistics.js";
import { marks, texts } from "../pictures/svg.js";

/** θ ~ N(0, 1)², six numbers around θ₁ and θ₂. */
const prior = normal([0, 0], [1, 1]);
const simulate: Simulator = ([a = 0, b = 0], random) =>
  [a, a, a, b, b, b].map((mean) => mean + 0.3 * random.normal());
const found = await posterior({
  prior,
  simulate,
  simulations: 1500,
  epochs: 12,
  ensemble: 1,
  blocks: 2,
  hidden: 24,
  learningRate: 1e-2,
  seed: 7,
});
afterAll(() => found.dispose());
const observed = [0.5, 0.7, 0.6, -1, -0.8, -0.9];
const fresh = (count: number): number[][] =>
  Array.from({ length: count }, (_, i) => {
    const random = makeRng(5, i);
    return Array.from(simulate(Float64Array.from(prior.sample(random)), random));
  });

describe("observations simulated again", () => {
  it("look like the observation", async () => {
    const again = await found.predictive(500, { observed, seed: 1 });
    expect(again).toHaveLength(500);
    observed.forEach((value, k) => {
      const { mean, std } = meanAndSpread(Float64Array.from(again, (row) => row[k] as number));
      expect(Math.abs(mean - value)).toBeLessThan(0.25);
      // noise of 0.3 around parameters that are known to 0.17
      expect(Math.abs(std - 0.34)).toBeLessThan(0.1);
    });
    const other = await found.predictive(500, { observed, seed: 2 });
    expect(other[0]).not.toEqual(again[0]);
  });
});

describe("pictures", () => {
  const folder = mkdtempSync(join(tmpdir(), "flowify-pictures-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("are those of a diagnosis and of an observation, and files of both kinds", async () => {
    const diagnosis = await found.diagnose({ simulations: 60, draws: 19 });
    const place = join(folder, "new");
    const drawn = await pictures(found, {
      diagnosis,
      observed,
      truth: [0.6, -0.9],
      reference: await found.sample(100, { observed, seed: 9 }),
      names: ["left", "<right>"],
      draws: 300,
      folder: place,
    });
    const names = ["coverage", "pairs", "predictive", "ranks"] as const;
    expect(Object.keys(drawn).sort()).toEqual(names);
    expect(readdirSync(place).sort()).toEqual(names.flatMap((name) => [`${name}.png`, `${name}.svg`]));
    for (const name of names) expect(readFileSync(join(place, `${name}.svg`), "utf8")).toBe(drawn[name]);
    expect(texts(drawn.ranks as string)).toContain(`<right>, p = ${diagnosis.ranks[1]?.p.toFixed(3)}`);
    expect(texts(drawn.pairs as string)).toEqual(
      expect.arrayContaining(["posterior", "reference", "true parameters", "left"]),
    );
    // the observation as a line of six points, in the order of its numbers
    const line = marks(drawn.predictive as string, "line").find(({ color }) => color === BOUND)?.points ?? [];
    const heights = line.map(([, y]) => -y);
    expect(heights).toHaveLength(6);
    const order = (values: readonly number[]): number[] =>
      [...values.keys()].sort((i, j) => (values[i] as number) - (values[j] as number));
    expect(order(heights)).toEqual(order(observed));
  });

  it.each<[string, object, new (...args: never[]) => Error, string]>([
    ["nothing to draw", {}, UsageError, "pictures: expected a diagnosis, an observation, or both"],
    ["an unknown option", { observd: observed }, UsageError, 'did you mean "observed"?'],
    [
      "too few names",
      { observed, names: ["a"] },
      UsageError,
      "pictures: expected 2 names, one a parameter, got 1",
    ],
    [
      "true parameters of another length",
      { observed, truth: [1] },
      DataError,
      "pictures: expected 2 parameters, got 1",
    ],
    [
      "a reference of another length",
      { observed, reference: [[1]] },
      DataError,
      "expected 2 parameters, got 1",
    ],
    ["an observation of another length", { observed: [1] }, DataError, "observed: expected 6 numbers"],
  ])("refuse %s", async (_, options, Type, text) => {
    await expect(pictures(found, options)).rejects.toThrow(Type);
    await expect(pictures(found, options)).rejects.toThrow(text);
  });
});

describe("an observation outside of everything simulated", () => {
  const warnings = vi.spyOn(process, "emitWarning");
  beforeEach(() => void warnings.mockReset().mockReturnValue(undefined));
  afterAll(() => warnings.mockRestore());

  it("is warned of once, with its distance, and no typical one is", async () => {
    for (const typical of fresh(20)) {
      await found.sample(1, { observed: typical });
      await found.logProb([[0, 0]], { observed: typical });
    }
    await found.diagnose({ simulations: 20, draws: 5 });
    expect(warnings).not.toHaveBeenCalled();
    await found.logProb([[0, 0]], { observed: [3, -3, 3, -3, 3, -3] });
    expect(warnings).toHaveBeenCalledExactlyOnceWith(
      expect.stringMatching(/outside of everything simulated: [\d.]+ times as far as any of 375 simulations/),
      { code: "FLOWIFY_OUTSIDE" },
    );
    await found.sample(1, { observed: [30, 30, 30, 30, 30, 30] });
    expect(warnings).toHaveBeenCalledTimes(1);
  });

  it("is no typical one: of 400 fresh simulations at most one is called so", () => {
    const notes = fresh(400).filter((each) => found.typicality({ observed: each }).note);
    expect(notes.length).toBeLessThanOrEqual(1);
    // and p-values of typical ones are uniform
    const small = fresh(400).filter((each) => found.typicality({ observed: each }).p <= 0.1).length / 400;
    expect(Math.abs(small - 0.1)).toBeLessThan(0.05);
  });
});

describe("bad calls", () => {
  it.each<[string, () => Promise<unknown>, string]>([
    [
      "draws",
      () => found.diagnose({ draw: 5 } as never),
      'diagnose: unknown option "draw"; did you mean "draws"?',
    ],
    [
      "no draws",
      () => found.diagnose({ draws: 0 }),
      "diagnose: draws: expected an integer of at least 1, found 0",
    ],
    [
      "half a simulation",
      () => found.diagnose({ simulations: 0.5 }),
      "expected an integer of at least 1, found 0.5",
    ],
    [
      "a share below 0",
      () => found.diagnose({ mostFailures: -1 }),
      "mostFailures: expected a number from 0 to 1, found -1",
    ],
    [
      "no samples",
      () => found.sample(0, { observed }),
      "sample: n: expected an integer of at least 1, found 0",
    ],
    ["no options", () => found.sample(1, undefined as never), "the observation is missing"],
    ["observation", () => found.predictive(1, { observd: observed } as never), 'did you mean "observed"?'],
    ["log of nothing", () => found.logProb([[0, 0]], {} as never), "the observation is missing"],
  ])("are refused: %s", async (_, call, text) => {
    await expect(call()).rejects.toThrow(text);
    await expect(call()).rejects.toMatchObject({ code: expect.stringMatching(/USAGE|DATA/) });
  });
});
