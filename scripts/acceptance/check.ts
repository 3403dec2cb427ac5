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

/** A row for a figure with an upper limit. */
export const atMost = (value: number, limit: number, show: (value: number) => string): Row => ({
  figure: show(value),
  limit: limit === Number.POSITIVE_INFINITY ? "finite" : `≤ ${show(limit)}`,
  verdict: value <= limit && Number.isFinite(value) ? "ok" : "FAILED",
});

/** A row for a figure with a lower limit. */
export const atLeast = (value: number, limit: number, show: (value: number) => string): Row => ({
  figure: show(value),
  limit: `≥ ${show(limit)}`,
  verdict: value >= limit ? "ok" : "FAILED",
});

/** A row for an exact requirement. */
export const equal = (value: number | string, wanted: number | string): Row => ({
  figure: String(value),
  limit: String(wanted),
  verdict: value === wanted ? "ok" : "FAILED",
});
