import { type ChildProcess, fork } from "node:child_process";
import { loadOptional } from "@flowify/core/internal";

const SCRIPT = new URL("./duckdb-process.js", import.meta.url);

/** Longer, the process is ended: a file makes the library run without an end. */
const PATIENCE_MS = 120_000;

/** Rows of an answer: doubles with NaN in the place of null, all else as values. */
export type Rows = Readonly<{
  count: number;
  columns: readonly (Float64Array | readonly (string | boolean | null)[])[];
}>;

/** Rows that a condition is asked about, by columns. */
export type Fill = Readonly<{
  types: readonly ("DOUBLE" | "TIMESTAMP" | "BOOLEAN" | "VARCHAR")[];
  columns: readonly (readonly unknown[])[];
  count: number;
}>;

type Question = Readonly<{ sql?: string; end?: true; session?: number; fill?: Fill | undefined }>;
type Answer = Rows & Readonly<{ id: number; error?: string }>;
type Waiting = Readonly<{ done(rows: Rows): void; failed(error: Error): void }>;

let running: ChildProcess | undefined;
let asked = 0;
const waiting = new Map<number, Waiting>();

/** @throws UsageError where the optional package is not installed */
const expectDuckDb = async (what: string, otherwise: string): Promise<void> =>
  void (await loadOptional(() => import("@duckdb/node-api"), { name: "@duckdb/node-api", what, otherwise }));

/** One process serves all queries; it does not keep this one alive. */
function start(): ChildProcess {
  const child = fork(SCRIPT, {
    execArgv: [],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  child.on("message", ({ id, error, ...rows }: Answer) => {
    const query = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) query?.done(rows);
    else query?.failed(new Error(error));
  });
  child.on("exit", (code, signal) => {
    if (running === child) running = undefined;
    for (const { failed } of waiting.values()) failed(new Error(`DuckDB ended with ${signal ?? code}`));
    waiting.clear();
  });
  child.unref();
  child.channel?.unref();
  return child;
}

function ask(id: number, question: Question, patience = PATIENCE_MS): Promise<Rows> {
  running ??= start();
  const child = running;
  return new Promise<Rows>((done, failed) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), patience);
    child.channel?.ref();
    const settle =
      <T>(settled: (value: T) => void) =>
      (value: T): void => {
        clearTimeout(timer);
        if (waiting.size === 0) child.channel?.unref();
        settled(value);
      };
    waiting.set(id, { done: settle(done), failed: settle(failed) });
    child.send({ id, ...question });
  });
}

/**
 * The rows of a query on files, some at a time, computed in another process.
 *
 * @throws Error with the words of DuckDB, or how its process ended; UsageError where DuckDB is not installed
 */
export async function* duckdbRows(sql: string): AsyncGenerator<Rows> {
  await expectDuckDb("a Parquet file", "write the table as CSV");
  const id = asked++;
  let isOver = false;
  try {
    for (let question: Question = { sql }; ; question = {}) {
      const rows = await ask(id, question);
      isOver = rows.count === 0;
      if (isOver) return;
      yield rows;
    }
  } finally {
    if (!isOver) running?.send({ id, end: true });
  }
}

/** A database of given rows, in another process, without access to files, to the network and to extensions. */
export type Session = Readonly<{
  /** Milliseconds that a query may take. */
  patience: number;
  /** The rows of a query, after `fill` took the place of the rows before. */
  rows(sql: string, fill?: Fill): Promise<Rows>;
  close(): void;
}>;

/**
 * @param patience milliseconds; a query that takes longer ends with the process
 * @throws UsageError where DuckDB is not installed
 */
export async function openSession(patience: number): Promise<Session> {
  await expectDuckDb("--where", "leave --where out");
  const session = asked++;
  return {
    patience,
    rows: (sql, fill) => ask(asked++, { session, sql, fill }, patience),
    close: () => running?.send({ id: session, session, end: true }),
  };
}

export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
