import { expect, it } from "vitest";
import { dependenceGraph } from "../../src/init/dependence-graph.js";
import { makeRng } from "../../src/math/rng.js";

const SIZES = [40, 40] as const;

/** Common values before rare ones; the second column follows the first, or is any value. */
function rows(count: number, seed: number): Int32Array {
  const rng = makeRng(seed);
  const codes = new Int32Array(2 * count);
  for (let at = 0; at < codes.length; at += 2) {
    const first = Math.floor(SIZES[0] * rng.uniform() ** 3);
    codes[at] = first;
    codes[at + 1] = rng.uniform() < 0.6 ? (7 * first) % SIZES[1] : Math.floor(SIZES[1] * rng.uniform());
  }
  return codes;
}

it("probabilities given a value of the other column add up to one", () => {
  for (const count of [50, 2000])
    for (const { parents, logs } of dependenceGraph({ codes: rows(count, 1), count, sizes: SIZES }))
      for (let from = 0; from < logs.length; from += 40) {
        expect(parents.length).toBeLessThan(2);
        const total = logs.subarray(from, from + 40).reduce((sum, log) => sum + Math.exp(log), 0);
        expect(total).toBeCloseTo(1, 9);
      }
});

it("rare values beside a common one have about the share that they have beside all others", () => {
  const count = 2000;
  const tree = dependenceGraph({ codes: rows(count, 2), count, sizes: SIZES });
  const root = tree.findIndex(({ parents }) => parents.length === 0);
  const fresh = rows(4000, 3);
  let [own, truth] = [0, 0];
  for (let at = 0; at < fresh.length; at += 2) {
    const [a, b] = [fresh[at]!, fresh[at + 1]!];
    own += tree[root]!.logs[fresh[at + root]!]!;
    own += tree[1 - root]!.logs[40 * fresh[at + root]! + fresh[at + 1 - root]!]!;
    const first = Math.cbrt((a + 1) / SIZES[0]) - Math.cbrt(a / SIZES[0]);
    truth += Math.log(first) + Math.log(0.4 / 40 + (b === (7 * a) % 40 ? 0.6 : 0));
  }
  expect((truth - own) / 4000).toBeLessThan(0.15);
});

it("finds columns that depend on two others, and adds no circle", () => {
  const rng = makeRng(4);
  const count = 1500;
  const sizes = new Array<number>(6).fill(3);
  const any = (): number => Math.floor(3 * rng.uniform());
  const codes = Int32Array.from(
    Array.from({ length: count }, () => {
      const [a, b, c] = [any(), any(), any()];
      const next = (x: number, y: number): number => (rng.uniform() < 0.85 ? Math.max(x, y) : any());
      const d = next(a, b);
      return [next(c, d), d, c, next(d, b), b, a];
    }).flat(),
  );
  const found = dependenceGraph({ codes, count, sizes }, 9);
  const placed = new Set<number>();
  while (placed.size < 6) {
    const next = found.findIndex(({ parents }, c) => !placed.has(c) && parents.every((p) => placed.has(p)));
    expect(next).toBeGreaterThanOrEqual(0);
    placed.add(next);
  }
  for (const { parents, contexts } of found) {
    expect(parents.length).toBeLessThan(4);
    expect(contexts.length).toBeLessThan(10);
  }
  let own = 0;
  for (let at = 0; at < codes.length; at += 6)
    for (const [c, { parents, logs, contexts }] of found.entries()) {
      const values = parents.map((p) => codes[at + p]!);
      own += logs[3 * (values[0] ?? 0) + codes[at + c]!]!;
      for (const context of contexts)
        if (context.values.every((value, i) => value === values[i])) own += context.logs[codes[at + c]!]!;
    }
  const entropy = 3 * Math.log(3) - 3 * (0.9 * Math.log(0.9) + 0.1 * Math.log(0.05));
  expect(Math.abs(own / count + entropy)).toBeLessThan(0.05); // a tree has 0.4 less
});

it("columns that are given depend on none, and others on them", () => {
  const count = 600;
  for (const most of [0, 9]) {
    const found = dependenceGraph({ codes: rows(count, 5), count, sizes: SIZES }, most, 1);
    expect(found.map(({ parents }) => parents)).toEqual([[], [0]]);
  }
});
