import type { Flow } from "@flowify/core";
import type { Call } from "../../shell/schemas.js";
import type { Standing, TrainingEvent } from "../../worker/training.js";
import type { PlaneConfig } from "./config.js";

/** A layer in the editor. */
type LayerLine = Readonly<{
  layer: string;
  in: readonly number[];
  out: readonly number[];
  likelihood: Flow["likelihood"];
  /** Number of coordinates that it drops (each with a density); negative if it adds some. */
  dropped: number;
}>;

/** Facts about a network before training. */
export type Description = Readonly<{
  likelihood: Flow["likelihood"];
  /** True if log p of a point depends on noise. */
  draws: boolean;
  layers: readonly LayerLine[];
  /** Names of the ledger's bars, the base last. */
  ledger: readonly Readonly<{ layer: string; likelihood: Flow["likelihood"] }>[];
}>;

export type Opened = Readonly<{
  device: string;
  parameters: number;
  taken: number;
  /** Training points to show, [n, 2]. */
  points: Float32Array;
}>;

/** A snapshot of the flow; log-likelihoods in nats. */
export type PlaneView = Readonly<{
  step: number;
  /** log p of the shown cells, row by row from the top. */
  logDensity: Float32Array;
  integral: number;
  /** Share of the samples outside of the integration square. */
  outside: number;
  samples: Float32Array;
  /** Mean log p of held-out points, and the contribution of each layer. */
  logProb: number;
  ledger: Float32Array;
  /** The mesh before the first layer and after each layer, on the page; and the same for the inverse, from the latent. */
  forward: readonly Float32Array[];
  backward: readonly Float32Array[];
}>;

/** Calls to the worker of the plane tab. */
export type PlaneCalls = {
  /** Describes a network without computing anything. */
  "plane.describe": Call<{ config: PlaneConfig }, Description>;
  /** Starts from a configuration, or continues with the present state (`keep`). */
  "plane.open": Call<{ config: PlaneConfig; keep: boolean }, Opened>;
  /** Trains until it is cancelled, has taken `steps`, or reaches the end of the schedule. */
  "plane.train": Call<{ steps?: number }, Standing, TrainingEvent<PlaneView>>;
  "plane.view": Call<Record<string, never>, PlaneView>;
  /** The parameters as safetensors, together with the network. */
  "plane.save": Call<Record<string, never>, Uint8Array>;
};
