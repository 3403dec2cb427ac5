import type { FlowModel } from "@flowify/core";
import { expect, it } from "vitest";
import { likeliestClasses } from "../src/scores/over-classes.js";

/** log p of two examples given each of three classes, by the seed of the draw. */
const logs = (seed: number, label: number): number[] =>
  [
    [seed === 9 ? 0 : -4, -1],
    [-2.5, -1.5],
    [-9, seed % 2 === 0 ? 0 : -4],
  ][label]!;

const OTHER_NOISE = 2 ** 31;

function modelOf(exact: boolean) {
  const [encoded, seen]: [number[], [seed: number, label: number][]] = [[], []];
  let open = 0;
  const dispose = async (): Promise<void> => void open--;
  const front = {
    async encode(_examples: unknown, { seed }: { seed: number }) {
      encoded.push(seed);
      return Float32Array.of(seed);
    },
    dispose,
  };
  const behind = {
    async logProb([drawn = -1]: Float32Array, { seed, condition }: { seed: number; condition: number[] }) {
      const [label = -1] = condition;
      seen.push([drawn, label]);
      expect(seed).toBe(OTHER_NOISE + drawn);
      return Float64Array.from(logs(drawn, label));
    },
    dispose,
  };
  const model = {
    flow: {
      condition: { shape: [3], levels: 3 },
      exact,
      chain: { layers: [{}, {}, { condition: [3] }] },
    },
    part(from: number, to: number) {
      open++;
      expect([from, to]).toEqual(from === 0 ? [0, 2] : [2, 3]);
      return from === 0 ? front : behind;
    },
  } as unknown as Pick<FlowModel, "flow" | "part">;
  return { model, encoded, seen, open: () => open };
}

it("finds the class from the mean of eight draws, the same ones for each class, and computes what does not see it once", async () => {
  const { model, encoded, seen, open } = modelOf(false);
  // one draw of the first class is the likeliest of all, and its mean is below that of the second
  expect(await likeliestClasses(model, [], 1)).toEqual(Uint8Array.of(1, 0));
  const all = [8, 9, 10, 11, 12, 13, 14, 15];
  expect(encoded).toEqual(all);
  for (const label of [0, 1, 2]) expect(seen.filter(([, own]) => own === label).map(([z]) => z)).toEqual(all);
  expect(open()).toBe(0);
});

it("takes one draw where log p has no noise", async () => {
  const { model, encoded, seen } = modelOf(true);
  expect(await likeliestClasses(model, [], 2)).toEqual(Uint8Array.of(1, 2));
  expect(encoded).toEqual([16]);
  expect(seen).toEqual([
    [16, 0],
    [16, 1],
    [16, 2],
  ]);
});
