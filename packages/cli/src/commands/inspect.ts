import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.js";
import { nonEmpty } from "./parsers.js";
import { commonFlags } from "./shared.js";

export type InspectFlags = { json?: boolean };

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
          brief: "A network's name, or the folder of a run",
        },
      ],
    },
    flags: { json: commonFlags.json },
  },
  docs: {
    brief: "List networks, or show one layer by layer",
    fullDescription: `Without an argument lists the networks that flowify knows. With one shows its layers: shapes,
parameters, and whether each one's likelihood is exact or a bound.

EXAMPLES
  flowify inspect
  flowify inspect mnist/fmlp
  flowify inspect runs/a --json`,
  },
});
