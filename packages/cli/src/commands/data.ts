import { buildRouteMap } from "@stricli/core";
import type { DataGetFlags } from "../actions/data-get.js";
import type { DataListFlags } from "../actions/data-list.js";
import type { CliContext } from "../context.js";
import { buildCommand } from "./build-command.js";
import { nonEmpty, webAddress } from "./parsers.js";
import { commonFlags } from "./shared.js";

export const getCommand = buildCommand<DataGetFlags, [string], CliContext>({
  loader: async () => (await import("../actions/data-get.js")).getData,
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [{ parse: nonEmpty, placeholder: "NAME", brief: "Data set; flowify data list names them" }],
    },
    flags: {
      out: {
        kind: "parsed",
        parse: nonEmpty,
        optional: true,
        placeholder: "DIR",
        brief: "Folder for its files (default: data/NAME, where --data NAME finds them)",
      },
      mirror: {
        kind: "parsed",
        parse: webAddress,
        optional: true,
        placeholder: "URL",
        brief: "Another place of the same files",
      },
      json: commonFlags.json,
      quiet: commonFlags.quiet,
    },
    aliases: { o: "out", q: "quiet" },
  },
  docs: {
    brief: "Fetch a data set from where it is published",
    fullDescription: `Fetches the files of a data set and checks them against the published checksums. A transfer that
broke goes on where it ended, also in a later call; a busy server is asked again with growing
pauses. A file gets its name only when it is there as a whole.

EXAMPLES
  flowify data get fashion-mnist
  flowify data get cifar10 --out ~/data/cifar10
  flowify data get mnist --mirror https://example.org/mnist/`,
  },
});

export const listCommand = buildCommand<DataListFlags, [], CliContext>({
  loader: async () => (await import("../actions/data-list.js")).listData,
  parameters: { positional: { kind: "tuple", parameters: [] }, flags: { json: commonFlags.json } },
  docs: {
    brief: "List the data sets that have names, and where they are on this machine",
    fullDescription: `EXAMPLES
  flowify data list`,
  },
});

export const dataCommands = buildRouteMap({
  routes: { get: getCommand, list: listCommand },
  docs: { brief: "Fetch data sets, and list them" },
});
