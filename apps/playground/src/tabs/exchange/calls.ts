import type { Progress, RunImages, Trained } from "../../run/train-run.js";
import type { Backend } from "../../worker/backends.js";
import type { Call } from "../../worker/call.js";

/** What the page knows of an open run. */
export type RunSummary = Readonly<{
  network: string;
  shape: readonly [number, number, number];
  step: number;
  parameters: number;
  exact: boolean;
  layers: readonly Readonly<{ layer: string; exact: boolean }>[];
  /** What the images of its own data set are called. */
  data: string;
  /** Where it computes. */
  device: string;
  /** Checkpoints that could not be used, in words. */
  skipped: readonly string[];
}>;

export type Measured = Readonly<{
  /** Where it was computed. */
  device: string;
  bpd: number;
  stdErr: number;
  examples: number;
  ledger: readonly Readonly<{ layer: string; nats: number; exact: boolean }>[];
}>;

/** What the page asks of the worker that holds a run. */
export type ExchangeCalls = {
  "exchange.open": Call<{ files: readonly File[]; backend: Backend }, RunSummary, Progress>;
  /** A dense network, at its start values from these images. */
  "exchange.begin": Call<{ images: RunImages; seed: number; backend: Backend }, RunSummary, Progress>;
  /** Pictures in the form that the run takes, and what became of those that are none. */
  "exchange.pictures": Call<
    { files: readonly File[] },
    { pixels: Uint8Array; count: number; skipped: readonly string[] },
    Progress
  >;
  "exchange.train": Call<
    { images: RunImages; steps: number },
    { summary: RunSummary; trained: Trained },
    Progress
  >;
  "exchange.measure": Call<{ images: Uint8Array }, Measured>;
  "exchange.sample": Call<{ count: number; temperature: number; seed: number }, { images: Uint8Array }>;
  /** The folder of the run as a zip archive. */
  "exchange.save": Call<Record<never, never>, { bytes: Uint8Array<ArrayBuffer> }>;
  /** ONNX files of the flow, with their description, as a zip archive. */
  "exchange.export": Call<
    Record<never, never>,
    { bytes: Uint8Array<ArrayBuffer>; files: readonly string[] },
    Progress
  >;
};
