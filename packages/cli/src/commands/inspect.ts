import type { CliContext } from "../context.js";
import type { Reading } from "../data/format.js";
import { buildCommand } from "./build-command.js";
import { nonEmpty } from "./parsers.js";
import { commonFlags, imagesFlags, readingParameters } from "./shared.js";

export type InspectFlags = Reading & {
  data?: string;
  dataDir?: string;
  density?: "gaussian" | "mixture";
  json?: boolean;
};

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
          brief: "A network's name, a file net.json, or the folder of a run",
        },
      ],
    },
    flags: {
      data: {
        kind: "parsed",
        parse: nonEmpty,
        optional: true,
        placeholder: "NAME",
        brief: "With auto and vector/…: the data that the network is built for",
      },
      dataDir: imagesFlags.dataDir,
      ...readingParameters,
      density: {
        kind: "enum",
        values: ["gaussian", "mixture"],
        optional: true,
        brief: "How dropped coordinates are modelled in a network (default: mixture; a run has its own)",
      },
      json: commonFlags.json,
    },
  },
  docs: {
    brief: "List networks, or show one layer by layer",
    fullDescription: `Without an argument lists the networks that flowify knows. With one shows its layers: shapes,
parameters, and whether each one's likelihood is exact or a bound; for a network of the paper
also the authors' count of parameters, and by what it differs. The networks auto, vector/coupling,
vector/spline and vector/dense are built for data: name them by --data. --json then gives the
description as well, which a file of your own may begin with.

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
