import { describe, expect, it } from "vitest";
import { upperShare } from "../src/bounds.js";
import { createGuard } from "../src/index.js";

/** Numbers between 0 and 1, the same for a seed (mulberry32). */
function uniforms(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** p-values of scores against held-out scores, both uniform: the calibration has its own noise, as that of a file. */
function calibrated(seed: number, held: number) {
  const next = uniforms(seed);
  const scores = Float64Array.from({ length: held }, next).sort();
  return (score: number): number => {
    let [low, high] = [0, held];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (scores[middle]! < score) low = middle + 1;
      else high = middle;
    }
    return (1 + held - low) / (held + 1);
  };
}

describe("a guard of a stream", () => {
  it("raises few alarms while nothing changes, with calibrations of 1,000", () => {
    let alarms = 0;
    for (let stream = 0; stream < 60; stream++) {
      const [p, next] = [calibrated(2 * stream, 1000), uniforms(2 * stream + 1)];
      const guard = createGuard({ held: 1000 });
      if (guard.push(Float64Array.from({ length: 5000 }, () => p(next()))).alarm) alarms++;
    }
    // 0.05 · 60 = 3, and 2.6 standard deviations
    expect(alarms).toBeLessThanOrEqual(7);
  });

  it("would raise them without the noise of calibration allowed for", () => {
    expect(upperShare(500, 1000, 0.01)).toBeGreaterThan(0.53);
    expect(upperShare(500, 1000, 0.01)).toBeLessThan(0.6);
    expect(upperShare(1, 1000, 0.01)).toBeCloseTo(0.0046, 4); // −log 0.01 / n
  });

  it("says soon that a fifth of the inputs has changed, and since when", () => {
    const sinces: (number | undefined)[] = [];
    for (let stream = 0; stream < 20; stream++) {
      const [p, next] = [calibrated(stream, 1000), uniforms(stream + 1000)];
      const guard = createGuard({ held: 1000 });
      guard.push(Array.from({ length: 3000 }, () => p(next())));
      let drift = guard.push([]);
      for (let i = 0; i < 500 && !drift.alarm; i++) drift = guard.push(next() < 0.2 ? p(2) : p(next()));
      sinces.push(drift.since);
    }
    for (const since of sinces) expect(Math.abs((since ?? 0) - 3000)).toBeLessThan(150);
  });

  it("takes the results of a runtime, and begins again", () => {
    const guard = createGuard({ held: 200, falseAlarms: 0.01 });
    const odd = {
      p_value: { data: new Float32Array(200).fill(1 / 201) },
      flag: { data: new Int32Array(200) },
    };
    expect(guard.push(0.4)).toMatchObject({ count: 1, alarm: false, since: undefined });
    const { alarm, since, evidence, count } = guard.push(odd);
    expect({ alarm, since, count }).toEqual({ alarm: true, since: 1, count: 201 });
    expect(evidence).toBeGreaterThan(200);
    guard.reset();
    expect(guard.push([])).toEqual({ count: 0, evidence: 1, alarm: false, since: undefined });
  });

  it.each([
    ["no held-out examples", () => createGuard({ held: 0 }), "held 0: expected a positive whole number"],
    [
      "a share of 1",
      () => createGuard({ held: 10, falseAlarms: 1 }),
      "falseAlarms 1: expected a number between 0 and 1",
    ],
    [
      "NaN",
      () => createGuard({ held: 10 }).push(Number.NaN),
      "input 0: p is NaN, expected a number from 0 to 1",
    ],
    [
      "a file without a guard",
      () => createGuard({ held: 10 }).push({ p_value: { data: undefined } }),
      "run a file of flowify guard",
    ],
  ])("refuses %s", (_, call, message) => {
    expect(call).toThrow(message);
    expect(call).toThrow(expect.objectContaining({ code: "DOMAIN" }));
  });
});
