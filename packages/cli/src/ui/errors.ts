import { FlowifyError } from "@flowify/core";
import { printable } from "./printable.js";
import type { Colors } from "./terminal.js";

/** Exit status: 2 for invalid usage or input, 3 for an operator without a rule, 1 for failures. */
export type ExitStatus = 1 | 2 | 3;

const statusOfCode: Readonly<Record<FlowifyError["code"], ExitStatus>> = {
  USAGE: 2,
  DATA: 2,
  SHAPE: 2,
  DOMAIN: 2,
  CHECKPOINT: 1,
  UNSUPPORTED_OP: 3,
  NOT_FINITE: 1,
  DEVICE: 1,
  MEMORY: 2,
  DOWNLOAD: 1,
  MISMATCH: 1,
  LAW: 1,
};

/** Remedies for likely failures of the operating system, one line each. */
const systemHints: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full: free some space, then run the command again",
  EDQUOT: "the disk quota is exceeded: free some space, then run the command again",
  EROFS: "the file system is read-only\nchoose another --out",
  ENOTDIR: "a part of the path is a file, expected folders\nchoose another --out",
  EACCES: "choose another --out, or change the permissions",
  EPERM: "choose another --out, or change the permissions",
  EMFILE: "too many open files: raise the limit (ulimit -n)",
  ENOENT: "a file or folder is missing, or was removed",
};

const isSystemError = (error: unknown): error is NodeJS.ErrnoException & { code: string } =>
  error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === "string";

type Description = { code: string; message: string; hints: readonly string[] };

/** Further lines in a message of flowify's errors are hints. */
function describe(error: unknown): Description {
  if (error instanceof FlowifyError) {
    const [message = "", ...hints] = error.message.split("\n");
    return { code: error.code, message, hints };
  }
  if (isSystemError(error)) {
    const [message = "", ...hints] = error.message.split("\n");
    return { code: error.code, message, hints: [...(systemHints[error.code]?.split("\n") ?? []), ...hints] };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: "INTERNAL",
    message,
    hints: ["this is a bug in flowify; FLOWIFY_DEBUG=1 shows where the error comes from"],
  };
}

/** `error[CODE]: message`, then hints, one line each. */
export function formatError(
  error: unknown,
  colors: Colors,
  { debug = false }: { debug?: boolean } = {},
): string {
  const { code, message, hints } = describe(error);
  const lines = [`${colors.bold(colors.red(`error[${code}]`))}: ${printable(message)}`];
  for (const hint of hints) lines.push(`  ${colors.dim("hint:")} ${printable(hint)}`);
  const stack = debug && error instanceof Error ? (error.stack ?? "") : "";
  for (const line of stack.split("\n").filter(Boolean)) lines.push(colors.dim(printable(line)));
  return lines.join("\n");
}

export const exitStatus = (error: unknown): ExitStatus =>
  error instanceof FlowifyError ? statusOfCode[error.code] : 1;
