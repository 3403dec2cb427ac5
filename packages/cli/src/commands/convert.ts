import type { ConvertFlags } from "../actions/convert.js";
import { buildCommand } from "../flags/build-command.js";
import { nonEmpty, range, sizes } from "../flags/parsers.js";
import { commonFlags, normalizeFlag, seedFlag } from "../flags/shared.js";
import type { CliContext } from "../ui/context.js";

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
          brief: "An ONNX file, an .h5 or .keras file, the model.json of TensorFlow.js, or a network as JSON",
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
      input: text("NAME", "Input that holds the data, if the network has several"),
      output: text("NAME", "Value to use as the output; any value of the graph is allowed"),
      inputShape: {
        kind: "parsed",
        parse: sizes,
        optional: true,
        placeholder: "C,H,W",
        brief: "Shape of one example, if the file leaves sizes open",
      },
      rules: text("FILE.js", "Module that exports rules for operators that flowify has no rule for"),
      range: {
        kind: "parsed",
        parse: range,
        optional: true,
        placeholder: "LOW:HIGH",
        brief: "Range of the random inputs for the comparison (default: 0:1)",
      },
      data: text("NAME", "Also compare on images of this data set"),
      dataDir: text("DIR", "Folder with the files of the data set"),
      normalize: normalizeFlag,
      density: {
        kind: "enum",
        values: ["gaussian", "mixture"],
        optional: true,
        brief: "Density of dropped coordinates (default: mixture)",
      },
      seed: seedFlag("Seed of the random inputs (default: 0)"),
      force: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Overwrite an earlier conversion in DIR",
      },
      ...commonFlags,
    },
    aliases: { o: "out", q: "quiet" },
  },
  docs: {
    brief: "Convert a pretrained network to a flow that computes the same function",
    fullDescription: `Reads a pretrained network and builds a flow that computes the same function. It compares the
two on 64 random inputs: ONNX Runtime runs the network, the flow runs in deterministic mode.
DIR receives network.json and weights.safetensors, which flowify train --from reads, and
report.json.

The table shows the layer that each node became, and how many coordinates of an example it drops
and adds. It also shows how many singular values were raised because the weights lack full rank, and whether
the likelihood of the layer is exact or a bound. A Softmax at the end is left out: the
logits are the output.

Exit status 3 means that an operator has no rule; the message names it. Exit status 1 means
that the flow computes a different function.

EXAMPLES
  flowify convert classifier.onnx --out converted
  flowify convert classifier.onnx --out converted --data mnist --normalize 0.1307:0.3081
  flowify convert big.onnx --out features --output relu5 --input-shape 3,32,32
  flowify convert classifier.keras --out converted
  flowify convert net.json --out converted --json`,
  },
});
