import { buildRouteMap } from "@stricli/core";
import type { DataDescribeFlags } from "../actions/data-describe.js";
import type { DataGetFlags } from "../actions/data-get.js";
import type { DataListFlags } from "../actions/data-list.js";
import { buildCommand } from "../flags/build-command.js";
import { nonEmpty, webAddress } from "../flags/parsers.js";
import { calendarFlag, commonFlags, whereFlag } from "../flags/shared.js";
import type { CliContext } from "../ui/context.js";

export const getCommand = buildCommand<DataGetFlags, [string], CliContext>({
  loader: async () => (await import("../actions/data-get.js")).getData,
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        { parse: nonEmpty, placeholder: "NAME", brief: "Data set; flowify data list shows the names" },
      ],
    },
    flags: {
      out: {
        kind: "parsed",
        parse: nonEmpty,
        optional: true,
        placeholder: "DIR",
        brief: "Folder for its files (default: data/NAME, where --data NAME looks)",
      },
      mirror: {
        kind: "parsed",
        parse: webAddress,
        optional: true,
        placeholder: "URL",
        brief: "Mirror that holds the same files",
      },
      json: commonFlags.json,
      quiet: commonFlags.quiet,
    },
    aliases: { o: "out", q: "quiet" },
  },
  docs: {
    brief: "Download a data set from its publisher",
    fullDescription: `Downloads the files of a data set and verifies their published checksums. An interrupted download
resumes where it stopped, also in a later call. A busy server is asked again after growing
pauses. A file appears under its name only when it is complete.

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
    brief: "List the named data sets and their folders on this machine",
    fullDescription: `EXAMPLES
  flowify data list`,
  },
});

export const describeCommand = buildCommand<DataDescribeFlags, [string], CliContext>({
  loader: async () => (await import("../actions/data-describe.js")).describeData,
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        {
          parse: nonEmpty,
          placeholder: "FILE",
          brief: "Table: .csv, .tsv, .jsonl, .parquet or .arrow; a pattern in quotes; - for standard input",
        },
      ],
    },
    flags: { where: whereFlag, calendar: calendarFlag, json: commonFlags.json },
  },
  docs: {
    brief: "Show the columns of a table",
    fullDescription: `Shows each column of a table as flowify train would use it: its type, the share of missing
values, the distinct values, the range and a histogram. Values that many rows share are named.
Constant columns, identifiers and free text are left out of training.

--where needs DuckDB: npm install @duckdb/node-api. Its condition sees one row at a time.

EXAMPLES
  flowify data describe payments.csv
  flowify data describe 'payments-*.csv.gz' --where "amount > 100 AND shop = 'web'"
  flowify data describe payments.parquet --json`,
  },
});

export const dataCommands = buildRouteMap({
  routes: { get: getCommand, list: listCommand, describe: describeCommand },
  docs: { brief: "Download and list data sets, describe tables" },
});
