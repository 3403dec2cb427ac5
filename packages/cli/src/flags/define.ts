import { UsageError } from "@flowify/core";
import {
  type BaseArgs,
  buildCommand,
  type Command,
  type CommandBuilderArguments,
  type TypedPositionalParameter,
} from "@stricli/core";
import type { CliContext } from "../ui/interrupt.js";
import { createTerminal, type Terminal, type TerminalFlags } from "../ui/terminal.js";
import type { Flags } from "./flag.js";
import { nonEmpty } from "./parsers.js";

/** A line of the flags in a help text: the part before the flag, the flag, `...` if it may be repeated, its description. */
const FLAG_LINE = /^( +(?:-\w )? *)(\[?--[\w/-]*\]?)((?:\.\.\.)?) {2,}(.*)$/;

/**
 * A help text with the name of its value behind each flag that takes one: `[--steps N]` for `[--steps]`. The library
 * writes them only to the usage line.
 */
function withValueNames(help: string, nameOf: (flag: string) => string | undefined): string {
  const lines = help.split("\n");
  const first = lines.indexOf("FLAGS") + 1;
  const end = lines.indexOf("", first);
  const rows = lines.slice(first, end === -1 ? lines.length : end).map((line) => {
    const [, before = "", flag = "", more = "", brief = ""] = FLAG_LINE.exec(line) ?? [];
    const value = nameOf(flag.replace(/^\[?--|\]$/g, ""));
    const named = value === undefined ? flag : flag.replace(/\]?$/, (bracket) => ` ${value}${bracket}`);
    return { start: `${before}${named}${more}`, brief };
  });
  const width = Math.max(...rows.map(({ start }) => start.length));
  lines.splice(first, rows.length, ...rows.map(({ start, brief }) => `${start.padEnd(width)}  ${brief}`));
  return lines.join("\n");
}

type Argument = Readonly<{ optional?: boolean; placeholder?: string; parse?: unknown; brief?: string }>;
type Positional = Readonly<Record<string, unknown>> & Readonly<{ parameters?: readonly Argument[] }>;

/** A command whole. */
export type CommandParts<F extends TerminalFlags, A extends BaseArgs> = Readonly<{
  flags: Flags;
  /** Its arguments, one after another. Default: none. */
  args?: readonly TypedPositionalParameter<string, CliContext>[];
  /** One more may follow, in place of `--data`: what is read. */
  readsData?: boolean;
  /** In place of them: any number of arguments, or optional ones, in the form of the library. */
  positional?: Positional;
  /** A line in the list of commands, where this list has none for it. */
  brief?: string;
  /** What it is for and when to use it, with examples. */
  help: string;
  /** Standard output belongs to rows: all text goes to standard error. */
  writesRows?: boolean;
  run: (context: Running, flags: F, ...args: A) => Promise<void> | void;
}>;

/** Where a command runs, and its outputs, as its flags say. */
export type Running = CliContext & Readonly<{ terminal: Terminal }>;

/** Short names that flags have wherever a command has them. */
const ALIASES = { n: "count", o: "out", q: "quiet" } as const;

/** `dataDir` for `data-dir`. */
const camel = (flag: string): string =>
  flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** The names of the flags of a command. */
export const flagNames = new WeakMap<object, readonly string[]>();

/** @throws UsageError for files, named as arguments, beside `--data` */
export function expectNoData(files: readonly string[], data: string | undefined): void {
  if (files.length > 0 && data !== undefined)
    throw new UsageError("files and --data exclude each other\nname one of them");
}

/** A command whose help names the value of each flag: the flag's placeholder, or for a choice the name of the flag. */
export function defineCommand<F extends TerminalFlags, A extends BaseArgs>(
  parts: CommandParts<F, A>,
): Command<CliContext> {
  const { flags, args: own = [], readsData = false, brief = "", help, writesRows, run } = parts;
  const aliases = Object.fromEntries(Object.entries(ALIASES).filter(([, name]) => name in flags));
  const { data } = flags;
  const file = { parse: nonEmpty, placeholder: data?.placeholder, brief: data?.brief, optional: true };
  const { positional = { kind: "tuple", parameters: readsData ? [...own, file] : own } } = parts;
  const valueNameOf = (name: string): string | undefined => {
    const flag = flags[camel(name)];
    if (flag === undefined || flag.kind === "boolean") return undefined;
    return flag.placeholder ?? name.toUpperCase();
  };
  // the flags were checked where they were defined; the library's type of them cannot follow a mapped type
  const command = buildCommand({
    func(this: CliContext, given: F & { data?: string }, ...args: A) {
      const files = readsData ? args.slice(own.length).filter((each) => each !== undefined) : [];
      expectNoData(files as string[], readsData ? given.data : undefined);
      const chosen = files.length > 0 ? { ...given, data: files[0] } : given;
      return run({ ...this, terminal: createTerminal(this.host, given, writesRows) }, chosen, ...args);
    },
    parameters: { flags, positional, aliases },
    docs: { brief, fullDescription: help },
  } as unknown as CommandBuilderArguments<Record<never, never>, BaseArgs, CliContext>);
  const optional = positional.parameters?.filter((each) => each.optional) ?? [];
  const usage = optional.map(({ placeholder = "" }) => ` [${placeholder}]`).join("");
  const made: Command<CliContext> = {
    ...command,
    // the library's line has what is required alone
    formatHelp: (args) =>
      withValueNames(command.formatHelp(args), valueNameOf).replace(/^ {2}flowify .*/m, `$&${usage}`),
  };
  flagNames.set(made, Object.keys(flags));
  return made;
}
