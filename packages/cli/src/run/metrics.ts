import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";

/** The fields that depend on the clock: two equal runs agree in all others, byte for byte. */
export const TIME_FIELDS = ["seconds", "imagesPerSecond"] as const;

/** One line of `metrics.jsonl`: a training step, or (with `split`) an evaluation after that step. */
export type MetricsRecord = Readonly<{ step: number; [field: string]: number | string | boolean }>;

export type MetricsLog = Readonly<{
  append(record: MetricsRecord): void;
  /** Puts everything appended on the disk; called before a checkpoint that counts on it. */
  sync(): void;
  close(): void;
}>;

/** What a resumed log had to give up. */
export type MetricsRepair = Readonly<{ dropped: number; torn: boolean }>;

/** Opens `metrics.jsonl` for appending. A line is one write, so a kill tears the last line at most. */
export function openMetrics(path: string): MetricsLog {
  const file = openSync(path, "a");
  return {
    append: (record) => {
      writeSync(file, `${JSON.stringify(record)}\n`);
    },
    sync: () => fsyncSync(file),
    close: () => closeSync(file),
  };
}

function stepOf(line: string): number | undefined {
  try {
    const record = JSON.parse(line) as { step?: unknown } | null;
    return typeof record?.step === "number" ? record.step : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Cuts a log back to what a checkpoint of `step` knows: lines of later steps will be written again,
 * and a last line that a kill has torn is dropped. A missing log is an empty one.
 */
export function truncateMetrics(path: string, step: number): MetricsRepair {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { dropped: 0, torn: false };
    throw error;
  }
  let kept = 0;
  while (kept < bytes.length) {
    const end = bytes.indexOf(0x0a, kept);
    if (end < 0) break;
    const at = stepOf(bytes.toString("utf8", kept, end));
    if (at === undefined || at > step) break;
    kept = end + 1;
  }
  const rest = bytes.subarray(kept);
  if (rest.length > 0) {
    const file = openSync(path, "r+");
    try {
      ftruncateSync(file, kept);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  }
  const torn = rest.length > 0 && rest.at(-1) !== 0x0a;
  return { dropped: rest.filter((byte) => byte === 0x0a).length, torn };
}
