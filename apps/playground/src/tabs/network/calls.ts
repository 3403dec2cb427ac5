import type { Flow } from "@flowify/core";
import type { ConversionReport } from "@flowify/onnx/browser";
import * as v from "valibot";
import type { Progress, RunImages, Trained } from "../../run/session.js";
import { type Backend, between, type Call, device, whole } from "../../shell/schemas.js";
import type { DrawnNode } from "./nodes.js";

/** Preprocessing of pixels for the network. */
export const normalizations = ["unit", "mnist", "raw"] as const;
export type Normalization = (typeof normalizations)[number];

/** Configuration of this tab in the address: everything except the file, which stays with the user. */
export const networkConfig = v.strictObject({
  normalization: v.optional(v.picklist(normalizations), "unit"),
  device,
  /** The shown digit of the page; −1 for a drawn one. */
  digit: v.optional(whole(-1, 127), 0),
  steps: v.optional(whole(1, 10_000), 100),
  count: v.optional(whole(1, 256), 16),
  temperature: v.optional(between(0, 10), 1),
  seed: v.optional(whole(0, 1e9), 0),
});

/** A dropped file with the network, and further files that may hold its weights. */
export type OnnxFiles = Readonly<{
  file: string;
  bytes: Uint8Array<ArrayBuffer>;
  beside: Readonly<Record<string, Uint8Array>>;
  /** The input and output to use, if there are several; the shape of an example, if the file leaves sizes open. */
  input?: string;
  output?: string;
  inputShape?: readonly number[] | undefined;
}>;

export type OpenedNetwork = Readonly<{
  /** Absent if the file was refused for a reason other than an operator. */
  report?: ConversionReport;
  nodes: readonly DrawnNode[];
  /** Functions left out at the end. */
  leftOut: readonly string[];
  inputs: readonly string[];
  outputs: readonly string[];
  /** True if the file leaves sizes open that the user has to enter. */
  needsShape: boolean;
  /** The reason why there is no flow of it. */
  problem?: string;
  /** The reason why digits do not fit; absent if they fit. */
  notForDigits?: string;
}>;

/** Training steps of the inverses so far, and bits per dimension of digits. */
export type Learnt = Readonly<{ step: number; bpd: number; trained?: Trained }>;

/** Outputs of the network and its flow for one digit. */
export type Reading = Readonly<{
  outputs: Float32Array;
  /** log p in nats, bits per dimension, and the contribution of each layer. */
  logProb: number;
  bpd: number;
  ledger: readonly Readonly<{ layer: string; nats: number; likelihood: Flow["likelihood"] }>[];
  /** The device that computed it. */
  device: string;
}>;

/**
 * Pixels of the preimages of a digit, the largest difference of an output from that of the digit, and the number of
 * samples that reached the exact outputs.
 */
export type ExamplePreimages = Readonly<{ images: Uint8Array; largestDifference: number; arrived: number }>;

/** Calls to the worker that holds a pretrained network. */
export type NetworkCalls = {
  "network.open": Call<OnnxFiles, OpenedNetwork, Progress>;
  /** Builds the flow of pixels, with its inverses initialized from digits. */
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
