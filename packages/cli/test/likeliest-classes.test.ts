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

function modelOf(exact: boolean) {
  const seen: [seed: number, label: number][] = [];
  const model = {
    flow: { condition: { shape: [3], levels: 3 }, exact },
    async logProb(_examples: unknown, { seed, condition }: { seed: number; condition: number[] }) {
      const [label = -1] = condition;
      seen.push([seed, label]);
      return Float64Array.from(logs(seed, label));
    },
  } as unknown as Pick<FlowModel, "flow" | "logProb">;
  return { model, seen };
}

it("finds the class from the mean of four draws, the same ones for each class", async () => {
  const { model, seen } = modelOf(false);
  // one draw of the first class is the likeliest of all, and its mean is -3
  expect(await likeliestClasses(model, [], 2)).toEqual(Uint8Array.of(1, 0));
  const draws = (label: number) => seen.filter(([, own]) => own === label).map(([seed]) => seed);
  expect(draws(0)).toEqual([8, 9, 10, 11]);
  expect(draws(1)).toEqual(draws(0));
  expect(draws(2)).toEqual(draws(0));
});

it("takes one draw where log p has no noise", async () => {
  const { model, seen } = modelOf(true);
  expect(await likeliestClasses(model, [], 9)).toEqual(Uint8Array.of(0, 0));
  expect(seen).toEqual([
    [9, 0],
    [9, 1],
    [9, 2],
  ]);
});
