import type { Progress } from "../../run/session.js";
import type { Call } from "../../shell/schemas.js";
import type { PosteriorConfig, TaskView } from "./config.js";

/** How a posterior came about. */
export type PosteriorFacts = Readonly<{
  device: string;
  simulations: number;
  failures: number;
  /** 0: it came with the page. */
  seconds: number;
  /** How to show a simulator that was written into the page. */
  view?: TaskView | undefined;
}>;

/** What an observation says. */
export type Answer = Readonly<{
  /** Samples of the parameters, one after another. */
  draws: Float32Array;
  /** Observations that were simulated from the first of them. */
  predicted: readonly Float32Array[];
  /** What to say of an observation that is like nothing simulated. */
  note: string | undefined;
}>;

/** Simulation-based calibration of each parameter. */
export type Ranks = Readonly<{
  simulations: number;
  parameters: readonly Readonly<{ counts: readonly number[]; band: readonly [number, number]; p: number }>[];
}>;

/** Calls to the worker of the posterior tab. */
export type PosteriorCalls = {
  /** Trains a posterior, or opens the one that came with the page. The signal ends the training: the best so far stays. */
  "posterior.open": Call<
    { config: PosteriorConfig; stored?: Uint8Array; source?: string | undefined },
    PosteriorFacts,
    Progress
  >;
  "posterior.ask": Call<{ observed: readonly number[] }, Answer>;
  /** A simulation: parameters of the prior, and their observation. */
  "posterior.simulate": Call<{ seed: number }, { theta: readonly number[]; observed: readonly number[] }>;
  "posterior.check": Call<Record<string, never>, Ranks>;
  /** The posterior as an ONNX file. */
  "posterior.save": Call<Record<string, never>, Uint8Array<ArrayBuffer>>;
};
