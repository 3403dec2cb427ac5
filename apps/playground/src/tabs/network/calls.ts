import type { ConversionReport } from "@flowify/onnx/browser";
import type { Progress, RunImages, Trained } from "../../run/train-run.js";
import type { Backend } from "../../worker/backends.js";
import type { Call } from "../../worker/call.js";
import type { DrawnNode } from "./nodes.js";

/** What pixels become before the network takes them. */
export const normalizations = ["unit", "mnist", "raw"] as const;
export type Normalization = (typeof normalizations)[number];

/** A file that was dropped: the network, and files beside it that may hold its weights. */
export type OnnxFiles = Readonly<{
  file: string;
  bytes: Uint8Array<ArrayBuffer>;
  beside: Readonly<Record<string, Uint8Array>>;
  /** Which input and output, where there are several; the shape of an example, where the file leaves sizes open. */
  input?: string;
  output?: string;
  inputShape?: readonly number[] | undefined;
}>;

export type OpenedNetwork = Readonly<{
  /** Absent where the file was refused for another reason than an operator. */
  report?: ConversionReport;
  nodes: readonly DrawnNode[];
  /** Functions at the end that were left out. */
  leftOut: readonly string[];
  inputs: readonly string[];
  outputs: readonly string[];
  /** True where the file leaves sizes open that only the reader knows. */
  needsShape: boolean;
  /** Why there is no flow of it. */
  problem?: string;
  /** Why digits cannot be put into it; absent where they can. */
  notForDigits?: string;
}>;

/** Steps of training that the inverses have seen, and bits per dimension of digits. */
export type Learnt = Readonly<{ step: number; bpd: number; trained?: Trained }>;

/** What the network and its flow say of one digit. */
export type Reading = Readonly<{
  outputs: Float32Array;
  /** log p in nats, bits per dimension, and the parts of each layer. */
  logProb: number;
  bpd: number;
  ledger: readonly Readonly<{ layer: string; nats: number; exact: boolean }>[];
  /** Where it was computed. */
  device: string;
}>;

/**
 * Pixels of the preimages of a digit, the largest difference of an output from that of the digit, and how many of
 * the draws came all the way.
 */
export type ExamplePreimages = Readonly<{ images: Uint8Array; largestDifference: number; arrived: number }>;

/** What the page asks of the worker that holds a given network. */
export type NetworkCalls = {
  "network.open": Call<OnnxFiles, OpenedNetwork, Progress>;
  /** Makes the flow of pixels, its inverses started from digits. */
  "network.begin": Call<
    { normalization: Normalization; backend: Backend; images: RunImages },
    Learnt,
    Progress
  >;
  /** Trains the inverses for some steps. */
  "network.train": Call<{ images: RunImages; steps: number }, Learnt, Progress>;
  "network.read": Call<{ pixels: Uint8Array }, Reading>;
  "network.preimages": Call<
    { pixels: Uint8Array; count: number; temperature: number; seed: number },
    ExamplePreimages
  >;
  /** The run of its flow, for the command, as a zip archive. */
  "network.save": Call<Record<never, never>, { bytes: Uint8Array<ArrayBuffer> }>;
};
