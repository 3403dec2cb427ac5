import type { Progress, RunImages, Trained } from "../../run/train-run.js";
import type { Backend } from "../../worker/backends.js";
import type { Call } from "../../worker/call.js";

/** Facts about an open run. */
export type RunSummary = Readonly<{
  network: string;
  shape: readonly [number, number, number];
  step: number;
  parameters: number;
  exact: boolean;
  layers: readonly Readonly<{ layer: string; exact: boolean }>[];
  /** The name of its own data set. */
  data: string;
  /** The device it runs on. */
  device: string;
  /** Messages about unusable checkpoints. */
  skipped: readonly string[];
}>;

export type Measured = Readonly<{
  /** The device that computed it. */
  device: string;
  bpd: number;
  stdErr: number;
  examples: number;
  ledger: readonly Readonly<{ layer: string; nats: number; exact: boolean }>[];
}>;

/** Calls to the worker that holds a run. */
export type ExchangeCalls = {
  "exchange.open": Call<{ files: readonly File[]; backend: Backend }, RunSummary, Progress>;
  /** A dense network, initialized from these images. */
  "exchange.begin": Call<{ images: RunImages; seed: number; backend: Backend }, RunSummary, Progress>;
  /** Pictures in the shape of the run, and the names of files that are not pictures. */
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
