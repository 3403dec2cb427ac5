import type { Flow } from "@flowify/core";
import type { RunImages } from "../../run/session.js";
import type { Call } from "../../shell/schemas.js";
import type { Standing, TrainingEvent } from "../../worker/training.js";
import type { ImageShape, ImagesConfig } from "./config.js";

/** The open flow: its device, its steps so far, and the names of the lines of its ledger. */
export type ImagesOpened = Readonly<{
  device: string;
  taken: number;
  likelihood: Flow["likelihood"];
  parameters: number;
  shape: ImageShape;
  ledger: readonly Readonly<{ layer: string; likelihood: Flow["likelihood"] }>[];
}>;

/** A run of the command that was read, before it is opened. */
export type ReadRun = Readonly<{
  network: string;
  /** Its own data set. */
  data: string;
  shape: ImageShape;
  step: number;
  learningRate: number;
  /** Messages about unusable checkpoints. */
  skipped: readonly string[];
}>;

/** What `flowify evaluate` says of a saved run: bits per dimension of so many held-out images. */
type SavedImages = Readonly<{ bytes: Uint8Array<ArrayBuffer>; bpd: number; examples: number }>;

/** A snapshot of the flow; images as bytes, one after another. */
export type ImagesView = Readonly<{
  step: number;
  samples: Uint8Array;
  /** Held-out images and their reconstructions. */
  originals: Uint8Array;
  reconstructions: Uint8Array;
  /** Mean log p of held-out images, in nats, a bound in expectation; the same in bits per dimension; and by layer. */
  logProb: number;
  bitsPerDimension: number;
  ledger: Float32Array;
}>;

/** Calls to the worker of the images tab. */
export type ImagesCalls = {
  /** Reads the folder of a run, which `images.open` then opens. */
  "images.read": Call<{ files: readonly File[] }, ReadRun>;
  /**
   * Restarts, with new images if there are some: a network of the configuration, or the run that was read. With `keep` it
   * continues with the present state and images.
   */
  "images.open": Call<
    { config: ImagesConfig; images?: RunImages; keep: boolean; fromRun: boolean },
    ImagesOpened
  >;
  "images.train": Call<{ steps?: number }, Standing, TrainingEvent<ImagesView>>;
  "images.view": Call<Record<string, never>, ImagesView>;
  /** Samples at a temperature. */
  "images.sample": Call<{ temperature: number; seed: number }, Uint8Array>;
  /** The ledger of one image, in nats. */
  "images.score": Call<{ image: Uint8Array }, Float32Array>;
  /** The folder of the run, as a zip archive. */
  "images.save": Call<Record<string, never>, SavedImages>;
};
