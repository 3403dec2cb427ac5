import { type BaseArgs, buildCommand, type Command, type CommandBuilderArguments } from "@stricli/core";
import type { CliContext } from "../ui/context.js";
import { withValueNames } from "../ui/value-names.js";
import { nonEmpty, wholeNumber } from "./parsers.js";

/** A flag with a value that `parse` reads. */
export const value = <T>(parse: (input: string) => T, placeholder: string, brief: string) =>
  ({ kind: "parsed", parse, optional: true, placeholder, brief }) as const;

/** A flag with a text that is not empty. */
export const text = (placeholder: string, brief: string) => value(nonEmpty, placeholder, brief);

/** A flag with a positive whole number. */
export const count = (brief: string, placeholder = "N") => value(wholeNumber(1), placeholder, brief);

/** A flag without a value. */
export const yes = (brief: string) =>
  ({ kind: "boolean", optional: true, withNegated: false, brief }) as const;

/** A flag with one of some values. */
export const choice = <const T extends string>(values: readonly T[], brief: string) =>
  ({ kind: "enum", values, optional: true, brief }) as const;

/** A flag, as these functions and the library describe it. */
type Flag = Readonly<{ kind: string; placeholder?: string; optional?: boolean; [field: string]: unknown }>;
type Flags = Readonly<Record<string, Flag>>;

type ValueOf<F> = F extends { variadic: boolean; parse: (input: string) => infer T }
  ? readonly T[]
  : F extends { parse: (input: string) => infer T }
    ? T
    : F extends { values: readonly (infer T)[] }
      ? T
      : boolean;

/** The values of flags, as a command receives them. */
export type FlagsOf<F> = {
  -readonly [K in keyof F as F[K] extends { optional: boolean } ? K : never]?: ValueOf<F[K]>;
} & { -readonly [K in keyof F as F[K] extends { optional: boolean } ? never : K]: ValueOf<F[K]> };

type Positional = Readonly<Record<string, unknown>>;

/** A command whole. */
export type CommandParts<F, A extends BaseArgs> = Readonly<{
  flags: Flags;
  /** Its arguments, in the form of the library. Default: none. */
  positional?: Positional;
  aliases?: Readonly<Record<string, string>>;
  /** A line in the list of commands, where this list has none for it. */
  brief?: string;
  /** What it is for and when to use it, with examples. */
  help: string;
  run: (this: CliContext, flags: F, ...args: A) => Promise<void> | void;
}>;

/** `dataDir` for `data-dir`. */
const camel = (flag: string): string =>
  flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** A command whose help names the value of each flag: the flag's placeholder, or for a choice the name of the flag. */
export function defineCommand<F, A extends BaseArgs>(parts: CommandParts<F, A>): Command<CliContext> {
  const { flags, positional = { kind: "tuple", parameters: [] }, aliases, brief = "", help, run } = parts;
  const valueNameOf = (name: string): string | undefined => {
    const flag = flags[camel(name)];
    if (flag === undefined || flag.kind === "boolean") return undefined;
    return flag.placeholder ?? name.toUpperCase();
  };
  // the flags were checked where they were defined; the library's type of them cannot follow a mapped type
  const command = buildCommand({
    func: run,
    parameters: { flags, positional, ...(aliases && { aliases }) },
    docs: { brief, fullDescription: help },
  } as unknown as CommandBuilderArguments<Record<never, never>, BaseArgs, CliContext>);
  return { ...command, formatHelp: (args) => withValueNames(command.formatHelp(args), valueNameOf) };
}
