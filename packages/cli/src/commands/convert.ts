import type { ConvertFlags } from "../actions/convert.js";
import type { CliContext } from "../context.js";
import { buildCommand } from "./build-command.js";
import { nonEmpty, range, sizes } from "./parsers.js";
import { commonFlags, normalizeFlag, seedFlag } from "./shared.js";

const text = (placeholder: string, brief: string) =>
  ({ kind: "parsed", parse: nonEmpty, optional: true, placeholder, brief }) as const;

export const convertCommand = buildCommand<ConvertFlags, [string], CliContext>({
  loader: async () => (await import("../actions/convert.js")).convert,
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        {
          parse: nonEmpty,
          placeholder: "FILE",
          brief:
            "An ONNX file, the model.json of Keras or TensorFlow.js, or a network as JSON with its weights",
        },
      ],
    },
    flags: {
      out: {
        kind: "parsed",
        parse: nonEmpty,
        placeholder: "DIR",
        brief: "Folder for the network and the report",
      },
      input: text("NAME", "Which input is the data, where there are several"),
      output: text("NAME", "Which value is the result; any value of the graph may be"),
      inputShape: {
        kind: "parsed",
        parse: sizes,
        optional: true,
        placeholder: "C,H,W",
        brief: "Shape of an example, where the file leaves sizes open",
      },
      rules: text("FILE.js", "A module that exports rules, by operator: layers for operators that have none"),
      range: {
        kind: "parsed",
        parse: range,
        optional: true,
        placeholder: "LOW:HIGH",
        brief: "The range of the random inputs that network and flow are compared on (default: 0:1)",
      },
      data: text("NAME", "Compare on images of this data set too"),
      dataDir: text("DIR", "Folder that holds the data set's files"),
      normalize: normalizeFlag,
      density: {
        kind: "enum",
        values: ["gaussian", "mixture"],
        optional: true,
        brief: "How dropped coordinates are modelled (default: mixture)",
      },
      seed: seedFlag("Decides the random inputs (default: 0)"),
      force: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Write over an earlier conversion in DIR",
      },
      ...commonFlags,
    },
    aliases: { o: "out", q: "quiet" },
  },
  docs: {
    brief: "Turn a trained network into a flow that computes the same function",
    fullDescription: `Reads a network that somebody trained, makes the flow of it, and compares both on 64 random inputs,
the network computed by ONNX Runtime, the flow in deterministic mode. DIR gets network.json and
weights.safetensors, which flowify train --from reads, and report.json.

The table says what each node became, how many numbers of an example the layer drops and adds, how many
singular values of its weights it lifted because they lack rank, and whether its part of the
likelihood is exact or a bound. A Softmax at the end is left out: the
logits are the output. Exit status 3: an operator has no rule; the message names it. Exit status 1: the
flow computes another function than the network.

EXAMPLES
  flowify convert classifier.onnx --out converted
  flowify convert classifier.onnx --out converted --data mnist --normalize 0.1307:0.3081
  flowify convert big.onnx --out features --output relu5 --input-shape 3,32,32
  flowify convert keras/model.json --out converted
  flowify convert net.json --out converted --json`,
  },
});
