import type { ExportFlags } from "../actions/export.js";
import type { CliContext } from "../context.js";
import { buildCommand } from "./build-command.js";
import { nonEmpty } from "./parsers.js";
import { commonFlags, runFolder } from "./shared.js";

export const exportCommand = buildCommand<ExportFlags, [string], CliContext>({
  loader: async () => (await import("../actions/export.js")).exportRun,
  parameters: {
    positional: { kind: "tuple", parameters: [runFolder] },
    flags: {
      out: { kind: "parsed", parse: nonEmpty, placeholder: "FOLDER", brief: "Folder of the files" },
      step: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Write the training step too, for the batch of the run",
      },
      force: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Write over files of an earlier export",
      },
      ...commonFlags,
    },
    aliases: { o: "out", q: "quiet" },
  },
  docs: {
    brief: "Write a run as ONNX files that any runtime computes",
    fullDescription: `Writes log-prob.onnx, encode.onnx, decode.onnx and sample.onnx, for batches of any size, with the
noises as inputs; those that end in -drawing.onnx draw their own noise. flowify.json describes every
input and result. Examples go in as they are (0 to 255).

With --step, train-step.onnx takes examples, noises, step sizes and the state of the training
(state.safetensors), and gives the loss and the next state; reorthogonalize.onnx keeps matrices orthogonal.

Each file is run in ONNX Runtime and compared with the flow before the command ends; where python3 has
the package onnx, its checker looks at them too.

EXAMPLES
  flowify export runs/a --out exported
  flowify export runs/a --out exported --step
  flowify export runs/a --out exported --json | jq .programs`,
  },
});
