import type { FlowModel } from "@flowify/core";
import { expect, it } from "vitest";
import { likeliestClasses } from "../src/scores/over-classes.js";

type Logs = (example: number, label: number, seed: number) => number;

/** A model of three classes and examples of one number: their places. */
function modelOf(exact: boolean, logs: Logs) {
  const seen: [seed: number, labels: number[], examples: number[]][] = [];
  const model = {
    flow: { condition: { shape: [3], levels: 3 }, exact, dimensions: 1 },
    async logProb(examples: Uint8Array, { seed, condition }: { seed: number; condition: Uint8Array }) {
      seen.push([seed, [...condition], [...examples]]);
      return Float64Array.from(examples, (example, i) => logs(example, condition[i] ?? condition[0]!, seed));
    },
  } as unknown as Pick<FlowModel, "flow" | "logProb">;
  return { model, seen };
}

it("finds the class from the mean of four draws, the same ones for each class", async () => {
  // one draw of the first class is the likeliest of all, and its mean is -33
  const { model, seen } = modelOf(false, (example, label, seed) =>
    label === 0 ? (seed === 65 ? 0 : -44) : label === 1 ? -10 * (example + 1) : -60,
  );
  expect(await likeliestClasses(model, Uint8Array.of(0, 1), 2)).toEqual(Uint8Array.of(1, 1));
  const draws = (label: number) => seen.filter(([, [own]]) => own === label).map(([seed]) => seed);
  expect(draws(0)).toEqual([64, 65, 66, 67]);
  expect(draws(1)).toEqual(draws(0));
  expect(draws(2)).toEqual(draws(0));
});

it("takes more draws of examples and classes that are near to each other", async () => {
  const logs: Logs = (example, label, seed) => {
    if (example !== 1) return label === 0 ? 0 : -50;
    // the first draws are for the class 2, all of them for 0
    return [seed < 4 ? -3 : 0, -50, seed < 4 ? 0 : -2][label]!;
  };
  const { model, seen } = modelOf(false, logs);
  expect(await likeliestClasses(model, Uint8Array.of(0, 1, 2), 0)).toEqual(Uint8Array.of(0, 0, 0));
  const later = seen.filter(([seed]) => seed >= 4);
  expect(later.every(([, , examples]) => examples.length === 1 && examples[0] === 1)).toBe(true);
  const seeds = Array.from({ length: 28 }, (_, draw) => draw + 4);
  for (const label of [0, 2])
    expect(later.filter(([, [own]]) => own === label).map(([seed]) => seed)).toEqual(seeds);
  expect(later.length).toBe(2 * seeds.length);
});

it("takes one draw where log p has no noise", async () => {
  const { model, seen } = modelOf(true, (example, label) => -Math.abs(label - example));
  expect(await likeliestClasses(model, Uint8Array.of(0, 2), 9)).toEqual(Uint8Array.of(0, 2));
  expect(seen.map(([seed, [label]]) => [seed, label])).toEqual([
    [288, 0],
    [288, 1],
    [288, 2],
  ]);
});
