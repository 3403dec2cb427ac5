import type { Command, RouteMap } from "@stricli/core";
import type { CliContext } from "../ui/interrupt.js";

type Target = Command<CliContext> | RouteMap<CliContext>;

/** The commands in the order of the help: what each is for, and its file, which is loaded when it is called. */
export const commands: Readonly<Record<string, Readonly<{ brief: string; load: () => Promise<Target> }>>> = {
  train: {
    brief: "Train a flowified network on images or rows of numbers",
    load: async () => (await import("./train.js")).command,
  },
  evaluate: {
    brief: "Measure the bits per dimension of a run on images",
    load: async () => (await import("./evaluate.js")).command,
  },
  sample: {
    brief: "Sample images or rows from a run",
    load: async () => (await import("./sample.js")).command,
  },
  reconstruct: {
    brief: "Encode images and decode them again",
    load: async () => (await import("./reconstruct.js")).command,
  },
  predict: {
    brief: "Predict columns of a table: quantiles, intervals, probabilities",
    load: async () => (await import("./predict.js")).command,
  },
  score: {
    brief: "Write the log-likelihood of each image or row",
    load: async () => (await import("./score.js")).command,
  },
  compress: {
    brief: "Compress images without loss by the likelihood of a run",
    load: async () => (await import("./compress.js")).compressCommand,
  },
  decompress: {
    brief: "Restore the images of a compressed file",
    load: async () => (await import("./compress.js")).decompressCommand,
  },
  convert: {
    brief: "Convert a pretrained network to a flow that computes the same function",
    load: async () => (await import("./convert.js")).command,
  },
  decode: {
    brief: "Sample inputs for which a pretrained network has the same outputs",
    load: async () => (await import("./decode.js")).command,
  },
  guard: {
    brief: "Add outputs to an ONNX file that say how unusual an input is",
    load: async () => (await import("./guard.js")).command,
  },
  explain: {
    brief: "Show which layers make an image unlikely",
    load: async () => (await import("./explain.js")).command,
  },
  ood: { brief: "Detect out-of-distribution images", load: async () => (await import("./ood.js")).command },
  report: {
    brief: "Write an HTML report about runs",
    load: async () => (await import("./report.js")).command,
  },
  inspect: {
    brief: "List networks, or show the layers of one",
    load: async () => (await import("./inspect.js")).command,
  },
  export: {
    brief: "Export a run to ONNX files for any runtime",
    load: async () => (await import("./export.js")).command,
  },
  baseline: {
    brief: "Measure trivial baselines on a data set",
    load: async () => (await import("./baseline.js")).command,
  },
  data: {
    brief: "Download and list data sets, describe tables",
    load: async () => (await import("./data.js")).dataCommands,
  },
  devices: {
    brief: "List the devices of this machine and their speed",
    load: async () => (await import("./devices.js")).command,
  },
};
