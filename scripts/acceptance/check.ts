/** What an acceptance check is: one file of this folder, one entry of the list in `../acceptance.ts`. */

/** One line of the table. `open`: not built yet, said and not counted as failed. */
export type Row = Readonly<{ figure: string; limit: string; verdict: "ok" | "FAILED" | "open" }>;

type Context = Readonly<{
  /** The folder of data that the user named. */
  dir: string;
  /** Only the given networks whose file's name holds this word. */
  file: string | undefined;
  /** An empty folder, removed at the end. */
  scratch: string;
  /** Says something on standard error. */
  say(text: string): void;
}>;

/** What `flowify evaluate --json` prints. */
export type Evaluation = { bpd: number; stdErr: number; examples: number; ledger: { bpd: number }[] };

export type Check = Readonly<{
  name: string;
  /** What it reads below the folder of data; where one is missing the check fails without being run. */
  needs: readonly string[];
  /** Takes more than minutes: run only where it is named. */
  slow?: boolean;
  /** Rows by what they measure. */
  run(context: Context): Promise<{ readonly [what: string]: Row }>;
}>;

/** A row for a figure that must not pass a limit. */
export const atMost = (value: number, limit: number, show: (value: number) => string): Row => ({
  figure: show(value),
  limit: limit === Number.POSITIVE_INFINITY ? "finite" : `≤ ${show(limit)}`,
  verdict: value <= limit && Number.isFinite(value) ? "ok" : "FAILED",
});

/** A row for something that must be exactly so. */
export const equal = (value: number | string, wanted: number | string): Row => ({
  figure: String(value),
  limit: String(wanted),
  verdict: value === wanted ? "ok" : "FAILED",
});
