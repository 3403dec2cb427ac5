import { existsSync } from "node:fs";
import { paperNames, UsageError, zooNames } from "@flowify/core";
import { didYouMean } from "@flowify/core/internal";
import {
  type Application,
  type ApplicationText,
  type ArgumentScannerError,
  buildApplication,
  buildRouteMap,
  type Command,
  formatMessageForArgumentScannerError,
  type RouteMap,
  run,
  ArgumentScannerError as ScannerError,
  type StricliProcess,
  text_en,
} from "@stricli/core";
import { commands } from "./commands/list.js";
import { version } from "./environment.js";
import { defineCommand, flagNames } from "./flags/define.js";
import { written } from "./flags/flag.js";
import { presetNames } from "./networks/presets.js";
import { exitStatus, formatError } from "./ui/errors.js";
import type { CliContext, CliProcess } from "./ui/interrupt.js";
import { NoReaderError } from "./ui/output.js";
import { colorsFor } from "./ui/terminal.js";

const NAME = "flowify";

const HELP = {
  brief: "Ordinary neural networks as generative models with a likelihood",
  fullDescription: `Turns an ordinary neural network into a generative model with a likelihood.

EXAMPLES
  flowify train                  one epoch of MNIST: digits, a likelihood and pictures in minutes
  flowify evaluate runs/mnist-auto
  flowify sample runs/mnist-auto
  flowify train --help           everything about one command`,
};

/** The command that is called, loaded, and the others as lines of the help. */
async function rootOf([called = ""]: readonly string[]): Promise<RouteMap<CliContext>> {
  const routes: Record<string, Command<CliContext> | RouteMap<CliContext>> = {};
  for (const [name, { brief, load }] of Object.entries(commands)) {
    const known = { brief, flags: {}, help: brief, run: () => {} };
    routes[name] = name === called ? await load() : defineCommand(known);
  }
  return buildRouteMap({ routes, docs: HELP });
}

const listed = (names: readonly string[]): string => names.join(" or ");

/** What other programs call a flag. */
const otherNames: Readonly<Record<string, string>> = {
  class: "condition",
  label: "condition",
  labels: "condition",
  dataset: "data",
  model: "network",
  "learning-rate": "lr",
  "batch-size": "batch",
  iterations: "steps",
  output: "out",
  target: "predict",
  gpu: "device",
  "num-samples": "count",
};

/** The flags of a command that may be meant by one that it lacks. */
const flagsNear = (input: string, near: readonly string[], known: readonly string[]): string[] => {
  const named = known.filter((name) => name === otherNames[input]);
  return (named.length > 0 ? named : near).map(written);
};

/** What earlier versions had, for which no other name is meant. */
const leftOut =
  /^(reproduce|devices --(measure|plan)|export --step|sample --(hide|sheet)|score --fdr|train --(fallback|tensorboard))$/;
const LEFT_OUT = "was left out: the changelog says how to do it by hand";

/** True for the name of a network, with or without its data set. */
const isNetwork = (name: string): boolean =>
  [...zooNames, ...paperNames, ...presetNames].some((known) => known === name || known.endsWith(`/${name}`));

function argumentMessage(error: ArgumentScannerError, command: string, known: readonly string[]): string {
  return formatMessageForArgumentScannerError(error, {
    FlagNotFoundError({ input, corrections }) {
      if (leftOut.test(`${command}--${input}`)) return `--${input} ${LEFT_OUT}`;
      const near = flagsNear(input, corrections, known);
      return `unknown flag --${input}${near.length > 0 ? `; did you mean ${listed(near)}?` : ""}`;
    },
    AliasNotFoundError: ({ input }) => `unknown flag -${input}`,
    ArgumentParseError: ({ externalFlagNameOrPlaceholder: place, input, exception }) => {
      const flag = place === place.toUpperCase() ? place : `--${place}`;
      return `${flag} "${input}": ${exception instanceof Error ? exception.message : String(exception)}`;
    },
    EnumValidationError: ({ externalFlagName, input, values }) =>
      `--${externalFlagName} "${input}": expected ${listed(values)}${didYouMean(input, values)}`,
    UnsatisfiedFlagError: ({ externalFlagName, nextFlagName }) =>
      `--${externalFlagName} needs a value${nextFlagName === undefined ? "" : `, found --${nextFlagName}`}`,
    UnexpectedPositionalError: ({ input }) =>
      command === "train " && (isNetwork(input) || existsSync(input))
        ? `unexpected argument "${input}"; did you mean --${isNetwork(input) ? "network" : "data"} ${input}?`
        : `unexpected argument "${input}"`,
    UnsatisfiedPositionalError: ({ placeholder }) => `the argument ${placeholder} is missing`,
    UnexpectedFlagError: ({ externalFlagName, previousInput, input }) =>
      `--${externalFlagName} is given twice, "${previousInput}" and "${input}"`,
  });
}

function applicationText(
  format: (error: unknown) => string,
  command: string,
  known: readonly string[],
): ApplicationText {
  return {
    ...text_en,
    noCommandRegisteredForInput: ({ input, corrections }) => {
      if (leftOut.test(input)) return format(new UsageError(`${NAME} ${input} ${LEFT_OUT}`));
      const question =
        corrections.length > 0
          ? `; did you mean ${listed(corrections.map((name) => name.replaceAll("`", '"')))}?`
          : "";
      return format(
        new UsageError(`unknown command "${input}"${question}\n${NAME} ${command}--help lists the commands`),
      );
    },
    exceptionWhileParsingArguments: (error) =>
      format(
        error instanceof ScannerError
          ? new UsageError(
              `${argumentMessage(error, command, known)}\n${NAME} ${command}--help shows its flags`,
            )
          : error,
      ),
    exceptionWhileLoadingCommandFunction: format,
    exceptionWhileLoadingCommandContext: format,
    exceptionWhileRunningCommand: format,
    commandErrorResult: format,
  };
}

async function createApplication(
  inputs: readonly string[],
  { stderr, env }: CliProcess,
): Promise<Application<CliContext>> {
  const debug = (env.FLOWIFY_DEBUG ?? "") !== "";
  const format = (error: unknown): string => formatError(error, colorsFor(stderr, env), { debug });
  const [first = ""] = inputs;
  const loads = Object.hasOwn(commands, first) ? commands[first] : undefined;
  const command = loads ? `${first} ` : "";
  const known = flagNames.get((await loads?.load()) ?? {}) ?? [];
  return buildApplication(await rootOf(inputs), {
    name: NAME,
    versionInfo: { currentVersion: version },
    scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
    documentation: { disableAnsiColor: true, onlyRequiredInUsageLine: true },
    localization: { text: applicationText(format, command, known) },
    determineExitCode: (error) => (error instanceof NoReaderError ? 0 : exitStatus(error)),
  });
}

/** The library's statuses are negative. It rejects user input, except for a broken installation. */
const statusOf = (code: number): number => (code >= 0 ? code : code === -4 || code === -5 ? 2 : 1);

/**
 * Runs the command `flowify` with these arguments and returns the exit status: 0 success, 1 failure, 2 invalid usage or
 * input, 3 an operator without a rule, 129, 130 and 143 an interrupted run.
 */
export async function runFlowify(inputs: readonly string[], host: CliProcess): Promise<number> {
  const { stdout, stderr, env } = host;
  // A separate record: the library writes its status there, and only if it is empty.
  const process: StricliProcess & CliContext["process"] = { stdout, stderr, env };
  await run(await createApplication(inputs, host), inputs, { process, host });
  return statusOf(Number(process.exitCode ?? 0));
}
