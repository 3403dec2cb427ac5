import {
  type BaseArgs,
  buildCommand as build,
  type Command,
  type CommandBuilderArguments,
} from "@stricli/core";
import type { CliContext } from "../ui/context.js";
import { withValueNames } from "../ui/value-names.js";

type Flags = Readonly<Record<string, unknown>>;
type Values = Readonly<Record<string, { kind: string; placeholder?: string } | undefined>>;

/** `dataDir` for `data-dir`. */
export const camel = (flag: string): string =>
  flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** A command whose help names the value of each flag: the flag's placeholder, or for a choice the name of the flag. */
export function buildCommand<FLAGS extends Flags, ARGS extends BaseArgs, CONTEXT extends CliContext>(
  parts: CommandBuilderArguments<FLAGS, ARGS, CONTEXT>,
): Command<CONTEXT> {
  const command = build<FLAGS, ARGS, CONTEXT>(parts);
  const flags = (parts.parameters.flags ?? {}) as Values;
  const valueNameOf = (name: string): string | undefined => {
    const flag = flags[camel(name)];
    if (flag === undefined || flag.kind === "boolean") return undefined;
    return flag.placeholder ?? name.toUpperCase();
  };
  return { ...command, formatHelp: (args) => withValueNames(command.formatHelp(args), valueNameOf) };
}
