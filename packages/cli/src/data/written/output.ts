import { UsageError } from "@flowify/core";
import { type Write, writeAtomic } from "../../files/atomic.js";
import { printable } from "../../ui/printable.js";
import type { OutputStream } from "../../ui/terminal.js";
import { formatOf, type TableFormat, tableFormats } from "./written-rows.js";

/**
 * The format of a table: the one that is asked for, else the one that the name of its file ends in, else CSV.
 *
 * @param name of a file that would do
 * @throws UsageError for Parquet on standard output, where it cannot be written
 */
export function tableFormat(
  { format, out }: Readonly<{ format?: TableFormat | undefined; out?: string | undefined }>,
  name: string,
  what = "a file",
): TableFormat {
  const chosen = format ?? formatOf(out, tableFormats) ?? "csv";
  if (chosen !== "parquet" || out !== undefined) return chosen;
  throw new UsageError(`--format parquet needs ${what}\nname one with --out ${name}.parquet`);
}

/** On a terminal control characters in names are escaped. */
const standardOutput =
  (stdout: OutputStream): Write =>
  async (lines) => {
    const text = String(lines);
    stdout.write(stdout.isTTY === true ? text.split("\n").map(printable).join("\n") : text);
  };

/** Writes to a file, which is whole or not there, or to standard output. */
export const writeOutput = (
  out: string | undefined,
  stdout: OutputStream,
  produce: (write: Write) => Promise<void>,
): Promise<void> => (out === undefined ? produce(standardOutput(stdout)) : writeAtomic(out, produce));
