import { didYouMean } from "@flowify/core/internal";

/** `60,000`, the same on every machine. */
export const formatCount = (count: number): string => Math.round(count).toLocaleString("en-US");

/** `1 row`, `60,000 rows`. */
export const countOf = (count: number, noun: string): string =>
  `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;

/** `4.912 ± 0.004`; without a standard error if there is none (one example). */
export const formatBpd = (bpd: number, stdErr: number): string =>
  Number.isFinite(stdErr) ? `${bpd.toFixed(3)} ± ${stdErr.toFixed(3)}` : bpd.toFixed(3);

/** A text of 60 characters at most. */
export const shortened = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text);

/** Aligned columns; left-aligned, or right-aligned where `right` is true. */
export function table(rows: readonly (readonly string[])[], right: readonly boolean[] = []): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        right[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
}

/** Names between commas as one argument of a shell. */
export function namesArgument(names: readonly string[]): string {
  const joined = names.join(",");
  return /^[\w.,-]+$/.test(joined) ? joined : `'${joined.replaceAll("'", `'\\''`)}'`;
}

/**
 * `unknown network "fmpl"; did you mean "fmlp"? Known: mnist/fmlp`
 *
 * @param accepted all valid names, including short ones; `known` are the listed names
 */
export function unknownName(
  kind: string,
  name: string,
  known: readonly string[],
  accepted: readonly string[] = known,
): string {
  return `unknown ${kind} "${name}"${didYouMean(name, accepted) || "."} Known: ${known.join(", ")}`;
}

export const quoted = (names: readonly string[]): string =>
  names.map((name) => JSON.stringify(name)).join(", ");
