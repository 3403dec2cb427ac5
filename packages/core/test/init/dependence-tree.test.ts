import { expect, it } from "vitest";
import { dependenceTree } from "../../src/init/dependence-tree.js";
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
    for (const { parent, logs } of dependenceTree({ codes: rows(count, 1), count, sizes: SIZES }))
      for (let from = 0; from < logs.length; from += 40) {
        expect(parent).toBeLessThan(2);
        const total = logs.subarray(from, from + 40).reduce((sum, log) => sum + Math.exp(log), 0);
        expect(total).toBeCloseTo(1, 9);
      }
});

it("rare values beside a common one have about the share that they have beside all others", () => {
  const count = 2000;
  const tree = dependenceTree({ codes: rows(count, 2), count, sizes: SIZES });
  const root = tree.findIndex(({ parent }) => parent < 0);
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
