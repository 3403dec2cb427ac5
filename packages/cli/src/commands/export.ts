import type { ExportFlags } from "../actions/export.js";
import { buildCommand } from "../flags/build-command.js";
import { nonEmpty, probability } from "../flags/parsers.js";
import { commonFlags, runFolder } from "../flags/shared.js";
import type { CliContext } from "../ui/context.js";

export const exportCommand = buildCommand<ExportFlags, [string], CliContext>({
  loader: async () => (await import("../actions/export.js")).exportRun,
  parameters: {
    positional: { kind: "tuple", parameters: [runFolder] },
    flags: {
      out: { kind: "parsed", parse: nonEmpty, placeholder: "FOLDER", brief: "Folder for the files" },
      step: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Also write the training step, for the batch size of the run",
      },
      detector: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Write the detector of a table instead: columns in, score, p and flag out",
      },
      falseAlarms: {
        kind: "parsed",
        parse: probability,
        optional: true,
        placeholder: "P",
        brief: "With --detector: flag rows with a p-value of at most P (default: 0.01)",
      },
      target: {
        kind: "enum",
        values: ["portable", "ort-cpu"],
        optional: true,
        brief: "Graphs that are easy to read, or fast in ONNX Runtime on processors (default: portable)",
      },
      force: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Overwrite the files of an earlier export",
      },
      ...commonFlags,
    },
    aliases: { o: "out", q: "quiet" },
  },
  docs: {
    brief: "Export a run to ONNX files for any runtime",
    fullDescription: `Writes log-prob.onnx, encode.onnx, decode.onnx and sample.onnx for batches of any size. Noise is an
input of these graphs; the files that end in -drawing.onnx draw it themselves. flowify.json describes
every input and output. Images go in as bytes (0 to 255).

By default a convolution is a Conv, arrays keep their order of axes, and names of nodes begin with the
layer (conv2d[3]/). With --target ort-cpu the graphs are rewritten for speed, as in training.

--step also writes train-step.onnx. It takes examples, noise, step sizes and the training state
(state.safetensors), and returns the loss and the next state; it is always fast. reorthogonalize.onnx keeps the matrices orthogonal.

--detector writes the detector of a run of a table, detector.onnx, and a description of its inputs in
detector.json. Numbers and texts go in as they are in the table, a tensor a column; preprocessing is
inside. It returns score, p and flag of each row. ONNX Runtime computes them without flowify.

Before the command ends, each file runs in ONNX Runtime and is compared with the flow. If python3 has
the package onnx, its checker validates the files too.

EXAMPLES
  flowify export runs/a --out exported
  flowify export runs/a --out exported --step
  flowify export runs/a --out exported --target ort-cpu
  flowify export runs/payments --detector --out deployed
  flowify export runs/a --out exported --json | jq .programs`,
  },
});
