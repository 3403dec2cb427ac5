import picocolors from "picocolors";
import { printable, printableColored } from "./printable.js";

/** The part of a stream that the command writes to; tests pass their own. */
export type OutputStream = {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number | undefined;
};

export type Env = Readonly<Record<string, string | undefined>>;

export type Colors = ReturnType<typeof picocolors.createColors>;

/** Colours on a terminal, unless NO_COLOR is set. */
export function colorsFor(stream: OutputStream, env: Env): Colors {
  const wanted = (env.NO_COLOR ?? "") === "" && env.TERM !== "dumb";
  return picocolors.createColors(wanted && stream.isTTY === true);
}

/** The streams of a process. */
type Host = Readonly<{ stdout: OutputStream; stderr: OutputStream; env: Env }>;

export type TerminalFlags = Readonly<{
  /** Standard output belongs to one JSON document; all text goes to standard error. */
  json?: boolean | undefined;
  /** Neither progress nor notes. */
  quiet?: boolean | undefined;
}>;

/** The outputs of a command. */
export type Terminal = Readonly<{
  /** The stream of `say`, with its colours and width. */
  colors: Colors;
  columns: number;
  json: boolean;
  quiet: boolean;
  stderr: OutputStream;
  /** A line of the result. As in all lines, control characters are escaped. */
  say(line?: string): void;
  /** A note on standard error; none when quiet. */
  note(line: string): void;
  /** A warning on standard error. */
  warn(line: string): void;
  /** The JSON document; only with `json`. */
  document(value: unknown): void;
}>;

const DEFAULT_COLUMNS = 80;
const MAX_COLUMNS = 110;

/** @param writesRows standard output belongs to rows: all text goes to standard error, as it does with --json */
export function createTerminal(
  { stdout, stderr, env }: Host,
  { json = false, quiet = false }: TerminalFlags = {},
  writesRows = false,
): Terminal {
  const text = json || writesRows ? stderr : stdout;
  const [colors, errorColors] = [colorsFor(text, env), colorsFor(stderr, env)];
  const shown = (line: string, { isColorSupported }: Colors): string =>
    isColorSupported ? printableColored(line) : printable(line);
  return {
    colors,
    columns: Math.min(text.columns || DEFAULT_COLUMNS, MAX_COLUMNS),
    json,
    quiet,
    stderr,
    say: (line = "") => {
      if (!(json && quiet)) text.write(`${shown(line, colors)}\n`);
    },
    note: (line) => {
      if (!quiet) stderr.write(`${shown(line, errorColors)}\n`);
    },
    warn: (line) => {
      stderr.write(`${errorColors.yellow("warning")}: ${printable(line)}\n`);
    },
    document: (value) => {
      if (json) stdout.write(`${JSON.stringify(value)}\n`);
    },
  };
}

/** Says nothing: another process reports the results. */
export function silentTerminal(env: Env): Terminal {
  const nowhere: OutputStream = { write: () => true };
  return createTerminal({ stdout: nowhere, stderr: nowhere, env }, { quiet: true });
}
