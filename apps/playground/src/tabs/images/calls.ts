import type { Call } from "../../worker/call.js";
import type { Standing, TrainingEvent } from "../../worker/training.js";
import type { ImageShape, ImagesConfig } from "./config.js";

/** The open flow: its device, and the names of the lines of its ledger. */
export type ImagesOpened = Readonly<{
  device: string;
  parameters: number;
  shape: ImageShape;
  ledger: readonly Readonly<{ layer: string; exact: boolean }>[];
}>;

/** Images as bytes, one after another. If a side has twice the pixels of the shape, the worker halves them. */
export type PretrainedImages = Readonly<{ bytes: Uint8Array; side: number; shape: ImageShape }>;

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
  /** Restarts, with new images if there are some. With `keep` it continues with the present state and images. */
  "images.open": Call<{ config: ImagesConfig; images?: PretrainedImages; keep: boolean }, ImagesOpened>;
  "images.train": Call<{ steps?: number }, Standing, TrainingEvent<ImagesView>>;
  "images.view": Call<Record<string, never>, ImagesView>;
  /** Samples at a temperature. */
  "images.sample": Call<{ temperature: number; seed: number }, Uint8Array>;
  /** The ledger of one image, in nats. */
  "images.score": Call<{ image: Uint8Array }, Float32Array>;
  /** Decoded images along the line between two latents. */
  "images.between": Call<{ from: Uint8Array; to: Uint8Array }, Uint8Array>;
  "images.save": Call<Record<string, never>, Uint8Array>;
};
