import { jaxExecutor } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { expect, it } from "vitest";
import { distancesBy, ledgerDistance } from "../src/scores/ledger-distance.js";

const LINES = 4;

/** Ledgers of two lines that vary together, one that varies alone, and one that is the same for all. */
function ledgers(count: number, seed: number): Float32Array {
  const rng = makeRng(seed);
  const drawn = Array.from({ length: 3 * count }, () => rng.normal());
  return Float32Array.from({ length: count * LINES }, (_, at) => {
    const [i, line] = [Math.floor(at / LINES), at % LINES];
    const [a, b, c] = [drawn[3 * i]!, drawn[3 * i + 1]!, drawn[3 * i + 2]!];
    return [-100 + 5 * a, 20 - 5 * a + b, 30 * c, 4347][line]!;
  });
}

const distancesOf = (typical: Float32Array, lines = LINES) =>
  distancesBy(jaxExecutor(), ledgerDistance(typical, lines), lines);

const logP = (rows: Float32Array, i: number): number =>
  rows.subarray(i * LINES, (i + 1) * LINES).reduce((sum, nats) => sum + nats, 0);

it("is χ² with as many degrees of freedom as lines vary, and at least the squared deviation of log p", async () => {
  const typical = ledgers(4000, 1);
  const others = ledgers(2000, 2);
  const found = await distancesOf(typical)(others);
  const mean = found.reduce((a, b) => a + b, 0) / found.length;
  expect(mean).toBeGreaterThan(2.8);
  expect(mean).toBeLessThan(3.2);
  const sums = Array.from({ length: 4000 }, (_, i) => logP(typical, i));
  const center = sums.reduce((a, b) => a + b, 0) / sums.length;
  const variance = sums.reduce((a, b) => a + (b - center) ** 2, 0) / sums.length;
  for (const [i, distance] of found.entries())
    expect(distance).toBeGreaterThan((0.99 * (logP(others, i) - center) ** 2) / variance - 0.01);
});

it("finds a ledger whose sum is ordinary", async () => {
  const distances = distancesOf(ledgers(4000, 1));
  // both of the lines that go against each other are high by three of their deviations
  const [usual, unusual] = await distances(Float32Array.of(-85, 5, 0, 4347, -85, 35, -30, 4347));
  expect(usual!).toBeLessThan(15);
  expect(unusual!).toBeGreaterThan(500);
});

it("is not a number for a ledger that is none, and 0 where no line varies", async () => {
  expect((await distancesOf(ledgers(100, 1))(Float32Array.of(Number.NaN, 0, 0, 0)))[0]).toBeNaN();
  const same = Float32Array.of(1, 2, 1, 2, 1, 2);
  expect(await distancesOf(same, 2)(Float32Array.of(5, 5))).toEqual(Float32Array.of(0));
});
