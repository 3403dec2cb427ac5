import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { Outcome } from "./call-simulator.js";
import type { SimulatorCall } from "./simulate.js";

const SCRIPT = new URL("./simulator-thread.js", import.meta.url);

/** True if the script of the threads is next to this module, which may not be the case in a bundle. */
export const hasThreads = (): boolean => existsSync(SCRIPT);

/** Milliseconds of the calls that a thread gets at a time, and how many these are at most. */
const [PORTION, MOST_CALLS] = [50, 256] as const;
/** Milliseconds between two looks at what the threads do, at most. */
const LOOK = 100;

export type ThreadOptions = Readonly<{
  /** The text of a function without anything from outside, or a module that exports it by default. */
  source: string | URL;
  threads: number;
  /** How many calls there are. */
  count: number;
  /** Milliseconds that a call takes, as far as is known. */
  pace: number;
  /** Seconds that a call may take. */
  timeLimit: number | undefined;
  /** Where there is no limit: called once, about a call that takes so many seconds. */
  slow: Readonly<{ after: number; say(): void }>;
}>;

type Thread = {
  readonly worker: Worker;
  /** The call that it is at, its number + 1; in memory that it shares. */
  readonly at: Int32Array;
  /** Calls that it was asked for. */
  readonly own: Set<number>;
  isReady: boolean;
  /** The call that it was last seen at, and for how many milliseconds. */
  seen: number;
  waited: number;
};

type Answer = Readonly<{ outcomes: readonly (readonly [id: number, outcome: Outcome])[]; pace?: number }>;

/** Flags of Node that a module of the user may need to load, with their values. */
const LOADERS =
  /^(--import|--require|-r|--loader|--experimental-loader|--conditions|-C|--experimental-strip-types)(=|$)/;

function loaders(flags: readonly string[]): string[] {
  return flags.flatMap((flag, i) => {
    if (!LOADERS.test(flag)) return [];
    return flag.includes("=") || flag.endsWith("-types") ? [flag] : [flag, flags[i + 1] ?? ""];
  });
}

/**
 * Threads that call a simulator. One that hangs is ended after its time, one that dies is counted as a failure of its call; both
 * are replaced, and what else they were asked for is asked again.
 */
export class SimulatorThreads {
  readonly #options: ThreadOptions;
  readonly #calls: Iterator<SimulatorCall>;
  readonly #threads = new Set<Thread>();
  /** Calls whose outcomes nobody has taken, in order. */
  readonly #open = new Map<number, SimulatorCall>();
  readonly #outcomes = new Map<number, Outcome>();
  readonly #again: number[] = [];
  #taken = 0;
  #isEmpty = false;
  #pace: number;
  #hasSaid = false;
  #wake = (): void => {};
  #failure: { error: unknown } | undefined;
  #obstacle: string | undefined;

  constructor(calls: Iterator<SimulatorCall>, options: ThreadOptions) {
    this.#calls = calls;
    this.#options = options;
    this.#pace = options.pace;
  }

  /** Why no thread can run this simulator. */
  get obstacle(): string | undefined {
    return this.#obstacle;
  }

  /** Outcomes in the order of the calls, up to the end or an obstacle. */
  async *outcomes(): AsyncGenerator<Outcome> {
    const { threads, timeLimit, slow } = this.#options;
    const limit = 1000 * (timeLimit ?? slow.after);
    const look = Math.min(LOOK, limit / 4);
    const watch = setInterval(() => this.#watch(look, limit), look);
    try {
      for (let i = 0; i < threads; i++) this.#start();
      for (let next = 0; ; next++) {
        const isOver = (): boolean => this.#isEmpty && next >= this.#taken;
        while (!this.#failure && !this.#obstacle && !this.#outcomes.has(next) && !isOver())
          await new Promise<void>((wake) => {
            this.#wake = wake;
          });
        if (this.#failure) throw this.#failure.error;
        const outcome = this.#outcomes.get(next);
        if (!outcome) return;
        this.#outcomes.delete(next);
        this.#open.delete(next);
        yield outcome;
      }
    } finally {
      clearInterval(watch);
      const ending = [...this.#threads];
      this.#threads.clear();
      await Promise.all(ending.map(({ worker }) => worker.terminate()));
    }
  }

  /** Calls whose outcomes were not taken from `outcomes`, in order, with those that there are. */
  *left(): Generator<{ id: number; call: SimulatorCall; outcome: Outcome | undefined }> {
    for (const [id, call] of this.#open) yield { id, call, outcome: this.#outcomes.get(id) };
  }

  #start(): void {
    const { source } = this.#options;
    const at = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    const isModule = source instanceof URL;
    const worker = new Worker(SCRIPT, {
      // the flags of the process may be meant for its own script
      execArgv: [
        ...(isModule ? loaders(process.execArgv) : []),
        ...(import.meta.url.endsWith(".ts") ? ["--conditions=@flowify/source"] : []),
      ],
      workerData: { at, ...(isModule ? { module: source.href } : { text: source }) },
    });
    const thread: Thread = { worker, at, own: new Set(), isReady: false, seen: 0, waited: 0 };
    this.#threads.add(thread);
    let cause: string | undefined;
    worker.on("message", (answer: Answer) => this.#answered(thread, answer));
    worker.on("error", (error) => {
      cause = error.message;
    });
    worker.on("exit", (status) => this.#lost(thread, cause ?? `status ${status}`));
  }

  #answered(thread: Thread, { outcomes, pace = this.#pace }: Answer): void {
    if (!this.#threads.has(thread)) return;
    thread.isReady = true;
    this.#pace = pace;
    for (const [id, outcome] of outcomes) {
      thread.own.delete(id);
      if ("lacks" in outcome && outcome.lacks !== undefined) this.#obstacle ??= outcome.lacks;
      else this.#outcomes.set(id, outcome);
    }
    if (thread.own.size === 0 && !this.#obstacle) this.#ask(thread);
    this.#wake();
  }

  #ask(thread: Thread): void {
    const { threads, count } = this.#options;
    const fair = Math.ceil((count - this.#taken) / (2 * threads));
    const size = Math.max(1, Math.min(Math.floor(PORTION / this.#pace), MOST_CALLS, fair));
    try {
      while (thread.own.size < size) {
        const id = this.#again.pop() ?? this.#take();
        if (id === undefined) break;
        thread.own.add(id);
      }
    } catch (error) {
      this.#failure = { error };
      return;
    }
    if (thread.own.size === 0) return;
    const asked = [...thread.own].map((id) => {
      const { theta, random } = this.#open.get(id) as SimulatorCall;
      return { id, theta, state: random.state };
    });
    thread.worker.postMessage(asked);
  }

  /** The number of the next call. */
  #take(): number | undefined {
    const { value, done } = this.#isEmpty ? { done: true as const } : this.#calls.next();
    if (done) {
      this.#isEmpty = true;
      return undefined;
    }
    this.#open.set(this.#taken, value);
    return this.#taken++;
  }

  /** Ends threads that are at one call for too long, or says so. Counts looks, so that a process that was stopped for a while accuses none. */
  #watch(look: number, limit: number): void {
    for (const thread of this.#threads) {
      const now = Atomics.load(thread.at, 0);
      thread.waited = now > 0 && now === thread.seen ? thread.waited + look : 0;
      thread.seen = now;
      if (thread.waited < limit) continue;
      if (this.#options.timeLimit === undefined) {
        if (!this.#hasSaid) this.#options.slow.say();
        this.#hasSaid = true;
        continue;
      }
      this.#threads.delete(thread);
      void thread.worker.terminate();
      this.#replace(thread, `took more than ${this.#options.timeLimit} s`);
    }
  }

  #lost(thread: Thread, cause: string): void {
    if (!this.#threads.delete(thread)) return;
    if (thread.isReady) this.#replace(thread, `ended its thread (${cause})`);
    else this.#obstacle ??= cause;
    this.#wake();
  }

  #replace({ at, own }: Thread, why: string): void {
    const [first = -1] = own;
    const id = own.has(Atomics.load(at, 0) - 1) ? Atomics.load(at, 0) - 1 : first;
    if (own.delete(id)) this.#outcomes.set(id, { failed: why });
    this.#again.push(...[...own].reverse());
    this.#start();
    this.#wake();
  }
}
