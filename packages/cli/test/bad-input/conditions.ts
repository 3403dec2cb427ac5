import { couplingFlow, jaxExecutor } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { fit } from "../../src/fit.js";
import { normal, type Prior, pictures, posterior, type Simulator, uniform } from "../../src/posterior.js";
import type { BadCall } from "./bad-input.js";

const executor = jaxExecutor();
const random = makeRng(1);
const y = Array.from({ length: 20 }, () => [random.normal()]);
const flow = couplingFlow(1, { condition: 2, blocks: 1, hidden: 4 });
const classes = couplingFlow(1, { condition: { classes: 3 }, blocks: 1, hidden: 4 });

type Given = Parameters<typeof fit>[2];
const fitted = (condition: NonNullable<Given>["condition"] | undefined, of = flow) =>
  fit(of, y, { executor, steps: 1, ...(condition !== undefined && { condition }) }).then((model) =>
    model.dispose(),
  );

/** Two numbers for each example. */
const pairs = (make = (i: number): number[] => [i, -i]): number[][] => y.map((_, i) => make(i));

/** Conditions of flows. */
export const conditions: readonly BadCall[] = [
  {
    input: "`fit` of a conditional flow without a condition",
    call: () => fitted(undefined),
    code: "USAGE",
    says: ["fit: this density is conditional", "give { condition }: numbers [2]"],
  },
  {
    input: "`fit` with a condition of a flow that has none",
    call: () => fitted(pairs(), couplingFlow(1)),
    code: "USAGE",
    says: ["fit: got a condition, but this flow has none", "make it with { condition }"],
  },
  {
    input: "`fit` with conditions of another shape",
    call: () => fitted(pairs((i) => [i, i, i])),
    code: "DATA",
    says: ["fit: in the condition, example 0 has 3 numbers", "expected 2"],
  },
  {
    input: "`fit` with fewer conditions than examples",
    call: () => fitted(pairs().slice(1)),
    code: "DATA",
    says: ["fit: 20 examples and 19 conditions", "expected one of each"],
  },
  {
    input: "`fit` with NaN in a condition",
    call: () => fitted(pairs((i) => [i, i === 3 ? Number.NaN : 0])),
    code: "DOMAIN",
    says: ["fit: in the condition, example 3 holds NaN in column 1", "values must be"],
  },
  {
    input: "`fit` with a class out of range",
    call: () =>
      fitted(
        Array.from(y, (_, i) => (i === 3 ? 3 : 0)),
        classes,
      ),
    code: "DOMAIN",
    says: ["fit: in the condition, example 3 holds 3 in column 0", "values must be integers in 0..2"],
  },
  {
    input: "`explain` of a conditional flow without a condition",
    async call() {
      const model = await fit(flow, y, { executor, steps: 1, condition: pairs() });
      try {
        await model.explain(y.slice(0, 1), y);
      } finally {
        await model.dispose();
      }
    },
    code: "USAGE",
    says: ["explain: this density is conditional", "give { condition }: numbers [2]"],
  },
  {
    input: "`couplingFlow` of a single class",
    call: () => couplingFlow(1, { condition: { classes: 1 } }),
    code: "USAGE",
    says: ["expected condition: { shape: [3] } or { classes: 10 }", 'found {"classes":1}'],
  },
];

const prior = uniform([-1, -1], [1, 1]);
const simulated = (given: Partial<Parameters<typeof posterior>[0]>) =>
  posterior({
    prior,
    simulate: (theta) => theta,
    simulations: 20,
    epochs: 1,
    ensemble: 1,
    ...given,
  }).then((found) => found.dispose());
const priorWith = (part: Partial<Prior>): Prior => ({ ...prior, ...part });

/** Posteriors of simulators. */
export const posteriors: readonly BadCall[] = [
  {
    input: "`posterior` of a simulator that throws",
    call: () =>
      simulated({
        simulate: () => {
          throw new RangeError("unstable");
        },
      }),
    code: "DATA",
    says: ["simulate: 3 of the first 3 simulations failed", "threw RangeError: unstable"],
  },
  {
    input: "`posterior` of a simulator that hangs",
    call: () =>
      simulated({
        timeLimit: 0.02,
        mostFailures: 0,
        simulate: () => {
          for (;;);
        },
      }),
    code: "DATA",
    says: ["it took more than 0.02 s", "mend the simulator, narrow the prior, or raise mostFailures"],
  },
  {
    input: "`posterior` of a simulator that returns NaN",
    call: () => simulated({ simulate: ([a = 0]) => [a, Number.NaN] }),
    code: "DATA",
    says: ["simulate: 3 of the first 3 simulations failed", "it gave NaN"],
  },
  {
    input: "`posterior` of a simulator that returns another length",
    call: () => simulated({ simulate: ([a = 0]) => (a > 0 ? [a] : [a, a]) }),
    code: "USAGE",
    says: ["simulate: gave", "rows: [most, numbers of a row]"],
  },
  {
    input: "`posterior` of a simulator that returns nothing",
    call: () => simulated({ simulate: (() => undefined) as unknown as Simulator }),
    code: "USAGE",
    says: ["simulate: expected a list of numbers", "got undefined"],
  },
  {
    input: "`posterior` of an asynchronous simulator",
    call: () => simulated({ simulate: (async () => [1]) as unknown as Simulator }),
    code: "USAGE",
    says: ["simulate: expected a list of numbers", "got a promise"],
  },
  {
    input: "`posterior` of a simulator in a module that is not there",
    call: () => simulated({ simulate: new URL("file:///nowhere/at-all.js") }),
    code: "USAGE",
    says: ["simulate: file:///nowhere/at-all.js cannot be loaded", "Cannot find module"],
  },
  {
    input: "`posterior` without a prior",
    call: () => simulated({ prior: undefined as unknown as Prior }),
    code: "USAGE",
    says: ["prior: expected uniform(low, high)", "{ size, support, sample, logProb }"],
  },
  {
    input: "`posterior` of a prior without a density for its own sample",
    call: () => simulated({ prior: priorWith({ logProb: () => Number.NEGATIVE_INFINITY }) }),
    code: "USAGE",
    says: ["prior: log p of its own draw", "logProb and sample must be of one distribution"],
  },
  {
    input: "`posterior` of a prior whose samples leave its support",
    call: () => simulated({ prior: priorWith({ sample: () => [2, 0] }) }),
    code: "USAGE",
    says: ["prior: sample gives 2 for parameter 0", "whose support is -1 to 1"],
  },
  {
    input: "`posterior` of a prior with a support that is none",
    call: () => simulated({ prior: priorWith({ support: [[-1, 1], null] as never }) }),
    code: "USAGE",
    says: ["prior: the support of parameter 1 is null", "expected [low, high]"],
  },
  {
    input: "`posterior` that allows more failures than simulations",
    call: () => simulated({ mostFailures: 2 }),
    code: "USAGE",
    says: ["posterior: mostFailures: expected a number from 0 to 1", "found 2"],
  },
  {
    input: "`sample` of a posterior without an observation",
    async call() {
      const found = await posterior({
        prior,
        simulate: (theta) => theta,
        simulations: 20,
        epochs: 1,
        ensemble: 1,
      });
      try {
        await found.sample(1, {} as never);
      } finally {
        await found.dispose();
      }
    },
    code: "USAGE",
    says: [
      "posterior: the observation is missing",
      "pass it as the simulator returns it: { observed: [1, 2] }",
    ],
  },
  {
    input: "`posterior` of too few simulations",
    call: () => simulated({ simulations: 3 }),
    code: "USAGE",
    says: ["posterior: expected at least 20 simulations", "got 3"],
  },
  {
    input: "`posterior` with an unknown option",
    call: () => simulated({ simulation: 30 } as object),
    code: "USAGE",
    says: ['posterior: unknown option "simulation"', 'did you mean "simulations"?'],
  },
  {
    input: "`posterior` for an observation of another length",
    call: () => simulated({ observed: [1], simulations: 60 }),
    code: "DATA",
    says: ["observed: expected 2 numbers, as the simulator has", "got 1"],
  },
  {
    input: "`posterior` for an observation with NaN",
    call: () => simulated({ observed: [1, Number.NaN], simulations: 60 }),
    code: "DATA",
    says: ["observed: number 1", "is NaN"],
  },
  {
    input: "`posterior` for an observation outside of everything simulated",
    call: () => simulated({ observed: [90, -90], simulations: 60 }),
    code: "DATA",
    says: [
      "posterior: the observation lies outside of everything simulated",
      "widen the prior, or mend the simulator",
    ],
  },
  {
    input: "`normal` with a spread below 0",
    call: () => normal(0, -1),
    code: "USAGE",
    says: ["normal: std must be above 0", "got -1"],
  },
  {
    input: "`pictures` of nothing",
    call: () => pictures({} as Parameters<typeof pictures>[0], {}),
    code: "USAGE",
    says: ["pictures: expected a diagnosis, an observation, or both", "await found.diagnose()"],
  },
];

/** What is warned of, and goes on. */
export const warnings: readonly (Omit<BadCall, "code"> & Readonly<{ code: string }>)[] = [
  {
    input: "`fit` with a constant condition",
    call: () => fitted(pairs(() => [1, 2])),
    code: "FLOWIFY_CONSTANT_CONDITION",
    says: [
      "fit: all 20 examples have the same condition, so the density does not depend on it",
      "give conditions that differ, or leave the condition out",
    ],
  },
  {
    input: "`posterior` of a simulator that always returns the same",
    call: () => simulated({ simulate: () => [1, 2] }),
    code: "FLOWIFY_CONSTANT_CONDITION",
    says: ["posterior: all 20 simulations came out the same", "let the observation depend on the parameters"],
  },
  {
    input: "`sample` given an observation outside of everything simulated",
    async call() {
      const found = await posterior({
        prior,
        simulate: (theta) => theta,
        simulations: 100,
        epochs: 1,
        ensemble: 1,
      });
      await found.sample(1, { observed: [30, -30] });
      await found.dispose();
    },
    code: "FLOWIFY_OUTSIDE",
    says: ["the observation lies outside of everything simulated", "widen the prior, or mend the simulator"],
  },
  {
    input: "`posterior` with `workers` of a simulator that uses something from outside",
    call: () => simulated({ simulate: (theta) => theta.map((value) => value + y.length), workers: 2 }),
    code: "FLOWIFY_MAIN_THREAD",
    says: [
      "simulate: no thread can run it (y is not defined)",
      "pass the URL of a module that exports it by default",
    ],
  },
];
