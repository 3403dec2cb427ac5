import type { simulators } from "flowify/posterior/browser";
import * as v from "valibot";
import { device, seed, whole } from "../../shell/schemas.js";

/** How a simulator is shown: its parameters with the ranges of their axes, and the axes of its observation. */
export type TaskView = Readonly<{
  title: string;
  words: string;
  parameters: readonly Readonly<{ name: string; range: readonly [number, number] }>[];
  /** Where the numbers of a series stand; none: the observation is a point of a plane. */
  across?: readonly number[];
  x: Readonly<{ name: string; range: readonly [number, number] }>;
  y: Readonly<{ name: string; range: readonly [number, number]; log?: true }>;
  /** What is shown first. */
  observed: readonly number[];
}>;

const every = (count: number, step: number, from = 0): number[] =>
  Array.from({ length: count }, (_, i) => from + i * step);

export type KnownTask = keyof typeof simulators;
/** A simulator of the page, or one that is written into it. */
export type TaskName = KnownTask | "own";

/** How the numbers of any simulator are shown. */
export const seriesView = (
  size: number,
  range: TaskView["y"]["range"],
  rest: Pick<TaskView, "parameters" | "observed">,
): TaskView => ({
  title: "your own …",
  words: "Parameters in, numbers out: write it in JavaScript. It runs in this page alone.",
  across: every(size, 1, 1),
  x: { name: "number", range: [0.5, size + 0.5] },
  y: { name: "value", range },
  ...rest,
});

export const taskViews: Readonly<Record<TaskName, TaskView>> = {
  two_moons: {
    title: "two moons",
    words: "Two numbers make a noisy point in the plane. A point has two explanations, each a crescent.",
    parameters: every(2, 1, 1).map((i) => ({ name: `θ${"₁₂"[i - 1]}`, range: [-1, 1] })),
    x: { name: "x₁", range: [-1.3, 0.6] },
    y: { name: "x₂", range: [-1.6, 1.6] },
    observed: [0, 0],
  },
  pendulum: {
    title: "damped pendulum",
    words:
      "A pendulum is let go at 1 rad and seen ten times, blurred. How long is it, and how strong its friction?",
    parameters: [
      { name: "length, m", range: [0.2, 2] },
      { name: "friction, 1/s", range: [0, 1] },
    ],
    across: every(10, 0.4, 0.4),
    x: { name: "seconds", range: [0, 4.3] },
    y: { name: "angle, rad", range: [-1.2, 1.2] },
    observed: [0.431, -0.661, -0.735, 0.0168, 0.726, 0.438, -0.282, -0.659, -0.0897, 0.491],
  },
  sir: {
    title: "an epidemic (SIR)",
    words:
      "The infected among 1,000 tested people, every 17 days. How fast does it spread (β), and how fast do people recover (γ)?",
    parameters: [
      { name: "β, 1/day", range: [0, 1.2] },
      { name: "γ, 1/day", range: [0.06, 0.24] },
    ],
    across: every(10, 17),
    x: { name: "days", range: [-6, 159] },
    y: { name: "infected of 1,000", range: [0, 700] },
    observed: [0, 0, 10, 322, 134, 17, 1, 0, 0, 0],
  },
  lotka_volterra: {
    title: "predator and prey (Lotka–Volterra)",
    words:
      "Two populations at ten times: prey (filled) is born and eaten (α, β), predators (rings) die and grow on it (γ, δ).",
    parameters: [
      { name: "α", range: [0.2, 2] },
      { name: "β", range: [0, 0.12] },
      { name: "γ", range: [0.2, 2] },
      { name: "δ", range: [0, 0.12] },
    ],
    across: every(10, 2.1),
    x: { name: "days", range: [-0.8, 19.7] },
    y: { name: "animals", range: [0.5, 500], log: true },
    observed: [
      30.9, 88.1, 6.27, 2.69, 7.28, 23.9, 94.4, 7.86, 2.6, 6.1, 0.873, 9.25, 32.6, 8.21, 2.36, 0.928, 4.89,
      48.9, 10.6, 2.46,
    ],
  },
  // those of the example in the box
  own: seriesView(8, [-6, 6], {
    parameters: [
      { name: "mean", range: [-3, 3] },
      { name: "spread", range: [0.2, 2] },
    ],
    observed: [0.4, 1.9, 1.1, 0.2, 2.3, 1.2, 0.9, 1.6],
  }),
};

/** Configuration of the tab in the address. */
export const posteriorConfig = v.strictObject({
  task: v.optional(v.picklist(Object.keys(taskViews) as TaskName[]), "two_moons"),
  simulations: v.optional(whole(200, 20_000), 5000),
  epochs: v.optional(whole(1, 500), 40),
  seed,
  device,
});

export type PosteriorConfig = v.InferOutput<typeof posteriorConfig>;

/** The posterior that comes with the page, of the same simulations (`example-posteriors.ts`). */
export const storedFile = (task: KnownTask): string => `posterior-${task}.safetensors`;

/** What stands in the box for a simulator at first: eight numbers of one mean and spread. */
export const OWN_EXAMPLE = `// each parameter, and the ends between which it may lie
export const prior = { mean: [-3, 3], spread: [0.2, 2] };

// one observation: always the same number of numbers
export function simulate([mean, spread], random) {
  return Array.from({ length: 8 },
    () => mean + spread * random.normal());
}
`;
