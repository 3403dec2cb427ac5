import type { Call } from "../../worker/call.js";
import type { Standing, TrainingEvent } from "../../worker/training.js";
import type { ImageShape, ImagesConfig } from "./config.js";

/** What is open: where it computes, and what its ledger's lines are called. */
export type ImagesOpened = Readonly<{
  device: string;
  parameters: number;
  shape: ImageShape;
  ledger: readonly Readonly<{ layer: string; exact: boolean }>[];
}>;

/** Images as bytes, one after the other; where a side has twice the pixels of the shape, the worker makes them smaller. */
export type PretrainedImages = Readonly<{ bytes: Uint8Array; side: number; shape: ImageShape }>;

/** The flow at one moment; images as bytes, one after the other. */
export type ImagesView = Readonly<{
  step: number;
  samples: Uint8Array;
  /** Held-out images, and what their latents decode to. */
  originals: Uint8Array;
  reconstructions: Uint8Array;
  /** Mean log p of held-out images, in nats, a bound in expectation; the same in bits per dimension; and by layer. */
  logProb: number;
  bitsPerDimension: number;
  ledger: Float32Array;
}>;

/** What the page asks of the images' worker. */
export type ImagesCalls = {
  /** Starts anew, with other images where some are given. With `keep` it goes on with the state and the images there are. */
  "images.open": Call<{ config: ImagesConfig; images?: PretrainedImages; keep: boolean }, ImagesOpened>;
  "images.train": Call<{ steps?: number }, Standing, TrainingEvent<ImagesView>>;
  "images.view": Call<Record<string, never>, ImagesView>;
  /** Samples at a temperature. */
  "images.sample": Call<{ temperature: number; seed: number }, Uint8Array>;
  /** The ledger of one image, in nats. */
  "images.score": Call<{ image: Uint8Array }, Float32Array>;
  /** Images along the line between the latents of two. */
  "images.between": Call<{ from: Uint8Array; to: Uint8Array }, Uint8Array>;
  "images.save": Call<Record<string, never>, Uint8Array>;
};
