import type { Call } from "../../worker/call.js";
import type { Standing, TrainingEvent } from "../../worker/training.js";
import type { PlaneConfig } from "./config.js";

/** A layer as the editor shows it. */
type LayerLine = Readonly<{
  layer: string;
  in: readonly number[];
  out: readonly number[];
  exact: boolean;
  /** Coordinates that it drops (given a density), or adds where it is negative. */
  dropped: number;
}>;

/** What a network is, before any training. */
export type Description = Readonly<{
  exact: boolean;
  layers: readonly LayerLine[];
  /** What the ledger's bars are called, the base last. */
  ledger: readonly Readonly<{ layer: string; exact: boolean }>[];
}>;

export type Opened = Readonly<{
  device: string;
  parameters: number;
  taken: number;
  /** Training points to show, [n, 2]. */
  points: Float32Array;
}>;

/** The flow at one moment; log-likelihoods in nats. */
export type PlaneView = Readonly<{
  step: number;
  /** log p of the cells shown, row by row from the top. */
  logDensity: Float32Array;
  integral: number;
  /** Part of the samples that lie outside of the square that is integrated over. */
  outside: number;
  samples: Float32Array;
  /** Mean log p of held-out points, and what each layer adds to it. */
  logProb: number;
  ledger: Float32Array;
  /** The mesh before the first layer and after each, on the page; and on the way back from the latent. */
  forward: readonly Float32Array[];
  backward: readonly Float32Array[];
}>;

/** What the page asks of the plane's worker. */
export type PlaneCalls = {
  /** Says what a network is; computes nothing. */
  "plane.describe": Call<{ config: PlaneConfig }, Description>;
  /** Starts anew from a configuration, or goes on with the state there is (`keep`). */
  "plane.open": Call<{ config: PlaneConfig; keep: boolean }, Opened>;
  /** Trains until it is cancelled, has taken `steps`, or is at the end of the schedule. */
  "plane.train": Call<{ steps?: number }, Standing, TrainingEvent<PlaneView>>;
  "plane.view": Call<Record<string, never>, PlaneView>;
  /** The parameters as safetensors, with the network beside them. */
  "plane.save": Call<Record<string, never>, Uint8Array>;
};
