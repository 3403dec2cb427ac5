import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { mayPass } from "../files/atomic.js";
import type { Point } from "../pictures/line-chart.js";

/** An append-only file. Text that does not fit on the disk stays in memory and is written before later text. */
type AppendedFile = Readonly<{
  append(bytes: Uint8Array): void;
  /** Writes the buffered text; throws the error of a failed write. */
  flush(): void;
  /** Syncs everything to the disk, so that it survives a power cut. */
  sync(): void;
  close(): void;
}>;

/** Opens a file for appending. Each piece is one write, so a kill can tear at most the last one. */
function appendTo(path: string): AppendedFile {
  const file = openSync(path, "a");
  let waiting: Uint8Array = new Uint8Array();
  const flush = (): void => {
    while (waiting.length > 0) waiting = waiting.subarray(writeSync(file, waiting));
  };
  return {
    append: (bytes) => {
      waiting = Buffer.concat([waiting, bytes]);
      try {
        flush();
      } catch (error) {
        if (!mayPass(error)) throw error;
      }
    },
    flush,
    sync: () => {
      flush();
      fsyncSync(file);
    },
    close: () => {
      try {
        flush();
      } finally {
        closeSync(file);
      }
    },
  };
}

/** The fields that depend on the clock: two equal runs agree in all others, byte for byte. */
const TIME_FIELDS = ["seconds", "imagesPerSecond"] as const;

/**
 * One line of `metrics.jsonl`: a training step, with `split` an evaluation after that step (with its ledger, bits per
 * dimension by layer), or with `failed` a return from a later step to this one.
 */
export type MetricsRecord = Readonly<{
  step: number;
  [field: string]: number | string | boolean | { readonly [layer: string]: number };
}>;

export type MetricsLog = Readonly<{
  /** Writes a line. A line that does not fit on the disk stays in memory and is written before the next one. */
  append(record: MetricsRecord): void;
  /** Syncs everything to the disk, before a checkpoint that relies on it. Throws the error of a failed write. */
  sync(): void;
  /** Truncates the log like `rewindMetrics`. */
  rewind(step: number, records: readonly MetricsRecord[]): void;
  close(): void;
}>;

/** The likelihood in a record: bits per dimension for images, nats for rows; less is better. */
export function figureOf({ bpd, nll }: MetricsRecord): number | undefined {
  const figure = bpd ?? nll;
  return typeof figure === "number" ? figure : undefined;
}

/** The likelihoods of a log over the steps: those of training, and of the splits that were measured. */
export function curvesOf(records: readonly MetricsRecord[]) {
  const of = (split: string | undefined): Point[] =>
    records.flatMap((record) => {
      const value = figureOf(record);
      const { step, stdErr } = record;
      return record.split === split && value !== undefined
        ? [{ step, value, ...(typeof stdErr === "number" && { stdErr }) }]
        : [];
    });
  const measured = ["validation", "test"].map((split) => ({ split, points: of(split) }));
  return { training: of(undefined), measured: measured.filter(({ points }) => points.length > 0) };
}

/** A record without the fields that depend on the clock. */
export const withoutTimes = (record: MetricsRecord): MetricsRecord =>
  Object.fromEntries(
    Object.entries(record).filter(([name]) => !TIME_FIELDS.some((field) => field === name)),
  ) as MetricsRecord;

/** Changes to the log of a resumed run: removed lines, restored lines, missing steps. */
export type MetricsRepair = Readonly<{ dropped: number; restored: number; missing: boolean }>;

/** Opens `metrics.jsonl` for appending. */
export function openMetrics(path: string): MetricsLog {
  const file = appendTo(path);
  return {
    append: (record) => file.append(Buffer.from(`${JSON.stringify(record)}\n`)),
    sync: file.sync,
    rewind: (step, records) => {
      file.flush();
      rewindMetrics(path, step, records);
    },
    close: file.close,
  };
}

/** The record of a line; undefined for a torn or foreign line. */
function recordOf(line: string): MetricsRecord | undefined {
  try {
    const value = JSON.parse(line) as { readonly [field: string]: unknown } | null;
    return typeof value?.step === "number" && Object.values(value).every(isField)
      ? (value as MetricsRecord)
      : undefined;
  } catch {
    return undefined;
  }
}

const isField = (value: unknown): boolean =>
  typeof value !== "object" ||
  (value !== null && Object.values(value).every((number) => typeof number === "number"));

function readLog(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}

/** The records of the complete lines of a log. */
export function readMetrics(path: string): MetricsRecord[] {
  return readLog(path)
    .toString("utf8")
    .split("\n")
    .flatMap((line) => recordOf(line) ?? []);
}

/**
 * Truncates a log to a checkpoint of `step`: removes lines of later steps, which will be written again, and a torn last
 * line. If the torn line is of the checkpoint's own step, it is restored from `records`, the lines of that step in the
 * checkpoint.
 */
export function rewindMetrics(path: string, step: number, records: readonly MetricsRecord[]): MetricsRepair {
  const bytes = readLog(path);
  let kept = 0;
  let last = 0;
  let ofLast = 0;
  while (kept < bytes.length) {
    const end = bytes.indexOf(0x0a, kept);
    if (end < 0) break;
    const at = recordOf(bytes.toString("utf8", kept, end))?.step;
    if (at === undefined || at > step) break;
    // lines after those of the checkpoint will be written again
    if (at === step && at === last && ofLast === records.length) break;
    ofLast = at === last ? ofLast + 1 : 1;
    last = at;
    kept = end + 1;
  }
  const restored = records.slice(last === step ? ofLast : 0);
  const file = openSync(path, "a+");
  try {
    ftruncateSync(file, kept);
    for (const record of restored) writeSync(file, `${JSON.stringify(record)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return {
    dropped: bytes.subarray(kept).filter((byte) => byte === 0x0a).length,
    restored: restored.length,
    missing: last < step - 1,
  };
}
