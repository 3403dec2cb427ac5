/** One line of the table. `open`: not built yet, reported and not counted as failed. */
export type Row = Readonly<{ figure: string; limit: string; verdict: "ok" | "FAILED" | "open" }>;

type Context = Readonly<{
  /** The folder of data that the user named. */
  dir: string;
  /** Only pretrained networks with this word in the file name, or parts with this word in their name. */
  file: string | undefined;
  /** An empty folder, removed at the end. */
  scratch: string;
  /** Prints a line on standard error. */
  say(text: string): void;
}>;

/** The output of `flowify evaluate --json`. */
export type Evaluation = { bpd: number; stdErr: number; examples: number; ledger: { bpd: number }[] };

export type Check = Readonly<{
  name: string;
  /** Paths that it reads below the folder of data; if one is missing, the check fails without running. */
  needs: readonly string[];
  /** Takes longer than minutes: runs only by name. */
  slow?: boolean;
  /** Rows by measured quantity. */
  run(context: Context): Promise<{ readonly [what: string]: Row }>;
}>;

/** A row for a requirement that holds or not. */
export const holds = (isOk: boolean, figure: string, limit: string): Row => ({
  figure,
  limit,
  verdict: isOk ? "ok" : "FAILED",
});

export const notRun = (why: string): Row => ({ figure: `not run: ${why}`, limit: "", verdict: "open" });

/** Figures as texts: with so many decimals, or in powers of ten. */
export const fixed =
  (decimals: number, unit = "") =>
  (value: number): string =>
    `${value.toFixed(decimals)}${unit}`;
export const powers = (value: number): string => value.toExponential(1);

/** A row for a figure with an upper limit. */
export const atMost = (value: number, limit: number, show: (value: number) => string): Row =>
  holds(value <= limit && Number.isFinite(value), show(value), `≤ ${show(limit)}`);

/** A row for a figure with a lower limit. */
export const atLeast = (value: number, limit: number, show: (value: number) => string): Row =>
  holds(value >= limit, show(value), `≥ ${show(limit)}`);

/** A row for an exact requirement. */
export const equal = (value: number | string | boolean, wanted: number | string | boolean): Row =>
  holds(value === wanted, String(value), String(wanted));
