import type { InspectFlags } from "../actions/inspect.js";
import { buildCommand } from "../flags/build-command.js";
import { nonEmpty } from "../flags/parsers.js";
import { commonFlags, imagesFlags, readingParameters } from "../flags/shared.js";
import type { CliContext } from "../ui/context.js";

export const inspectCommand = buildCommand<InspectFlags, [string?], CliContext>({
  loader: async () => (await import("../actions/inspect.js")).inspect,
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        {
          parse: nonEmpty,
          optional: true,
          placeholder: "NETWORK|DIR",
          brief: "A network's name, a file net.json, or the folder of a run or a converted network",
        },
      ],
    },
    flags: {
      data: {
        kind: "parsed",
        parse: nonEmpty,
        optional: true,
        placeholder: "NAME",
        brief: "With auto or vector/…: the data to build the network for",
      },
      dataDir: imagesFlags.dataDir,
      ...readingParameters,
      density: {
        kind: "enum",
        values: ["gaussian", "mixture"],
        optional: true,
        brief: "Density of dropped coordinates (default: mixture; a run keeps its own)",
      },
      json: commonFlags.json,
    },
  },
  docs: {
    brief: "List networks, or show the layers of one",
    fullDescription: `Without an argument, lists the built-in networks. With one, shows its layers: shapes,
parameters, and whether the likelihood of each is exact or a bound. For a network of the paper it
also shows the parameter count of the authors' code and the difference.

auto, vector/coupling, vector/spline and vector/dense are built for your data: name them by --data.
--json then includes the network as JSON, a starting point for your own.

EXAMPLES
  flowify inspect
  flowify inspect mnist/fmlp
  flowify inspect mnist/fconv2 --density gaussian
  flowify inspect ./net.json
  flowify inspect auto --data ~/photographs --size 64x64
  flowify inspect vector/spline --data sensors.npy
  flowify inspect runs/a --json`,
  },
});
