import { printable } from "./printable.js";
import type { Terminal } from "./terminal.js";

export type ProgressOptions = {
  label: string;
  /** Total units of work, and those done before (a resumed run). */
  total: number;
  done?: number;
  /** Milliseconds; tests pass their own clock. */
  now?: () => number;
};

export type Progress = Readonly<{
  /** `text`: the present figures, in a few words. */
  update(done: number, text: string): void;
  /** Prints a separate line above the progress line. */
  note(line: string): void;
  /** Other work between two units: its time says nothing of theirs. */
  beside<T>(work: () => Promise<T>): Promise<T>;
  /** Keeps the last state as a separate line. */
  finish(): void;
}>;

const TERMINAL_INTERVAL = 100;
const PLAIN_INTERVAL = 5_000;
const BAR = 20;
/** Share of the work that says little of the rest: programs are compiled, and caches filled. */
const EARLY = 1 / 20;

/** So much was done at this time. */
type Mark = Readonly<{ done: number; time: number }>;

const alike = (mark: Mark) => ({ from: mark, next: mark, last: mark.done });

/** A bar in the remaining width, or none if the width is too small. */
function bar(part: number, room: number): string {
  const length = Math.min(BAR, room);
  if (length < 5) return "";
  const filled = Math.round(length * part);
  return `${"█".repeat(filled)}${"░".repeat(length - filled)}`;
}

/** `1:02:03`, `2:05`, `9 s`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const two = (value: number): string => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/**
 * Shows the progress of long work on standard error: one updating line on a terminal, plain lines every few seconds in
 * a pipe, nothing when quiet.
 */
export function createProgress(terminal: Terminal, options: ProgressOptions): Progress {
  const { stderr, quiet } = terminal;
  const { label, total, done: before = 0, now = () => performance.now() } = options;
  if (quiet) return { update: () => {}, note: () => {}, beside: (work) => work(), finish: () => {} };
  const live = stderr.isTTY === true;
  const start = now();
  /** The rate is counted from `from`, at a quarter to a half of the work so far, so that a pause soon counts no more. */
  let marks: { from: Mark; next: Mark; last: number } | undefined;
  let shown = live ? Number.NEGATIVE_INFINITY : start;
  let last: string | undefined;
  let pending = false;
  let besides = 0; // milliseconds of other work
  // a terminal of unknown width reports 0
  const columns = (): number => (stderr.columns || 80) - 1;

  const render = (done: number, text: string): string => {
    const here = { done, time: now() - besides };
    const isEarly = done - before < EARLY * (total - before);
    // a first update that comes early stands for warming up; one that falls back has lost work
    if (!marks) marks = alike(isEarly ? here : { done: before, time: start });
    else if (done < marks.last) marks = alike(here);
    else if (done - before >= 2 * (marks.next.done - before))
      marks = { ...marks, from: marks.next, next: here };
    marks.last = done;
    const { from } = marks;
    const rate = (done - from.done) / (here.time - from.time);
    const left =
      done >= total
        ? formatDuration(now() - start)
        : rate > 0
          ? `${formatDuration((total - done) / rate)} left`
          : "";
    const width = String(total).length;
    const figures = [`${String(done).padStart(width)}/${total}`, printable(text), left];
    const line = figures.filter((part) => part !== "").join("  ");
    return [label, live ? bar(done / total, columns() - label.length - line.length - 2) : "", line]
      .filter((part) => part !== "")
      .join(" ");
  };
  const show = (line: string): void => {
    // Cut to the width of the terminal: a wrapped line cannot be updated.
    if (live) stderr.write(`\r\x1b[2K${line.slice(0, columns())}`);
    else stderr.write(`${line}\n`);
    shown = now();
    pending = false;
  };
  return {
    update: (done, text) => {
      last = render(done, text);
      pending = true;
      if (now() - shown >= (live ? TERMINAL_INTERVAL : PLAIN_INTERVAL)) show(last);
    },
    note: (line) => {
      stderr.write(`${live ? "\r\x1b[2K" : ""}${printable(line)}\n`);
      if (live && last !== undefined) show(last);
    },
    async beside(work) {
      const began = now();
      try {
        return await work();
      } finally {
        besides += now() - began;
      }
    },
    finish: () => {
      if (last !== undefined && pending) show(last);
      if (last !== undefined && live) stderr.write("\n");
      last = undefined;
    },
  };
}
