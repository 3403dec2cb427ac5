import { createContext, Script } from "node:vm";
import { rngOf } from "@flowify/core/rng";
import { availableCores } from "@flowify/onnx";
import { type Outcome, outcomeOf } from "./call-simulator.js";
import type { RunSimulator, Simulator, SimulatorCall } from "./simulate.js";
import { hasThreads, SimulatorThreads } from "./simulator-threads.js";

type RunnerOptions = Readonly<{
  simulate: Simulator;
  /** How threads get it: a module, or the text of the function. */
  source: string | URL;
  workers: number | undefined;
  timeLimit: number | undefined;
  /** Called once where threads cannot do it, with why, and once about a simulation that does not end. */
  warn(code: "MAIN_THREAD" | "SLOW_SIMULATION", text: string): void;
  /** Seconds after which a simulation is slow. */
  patience?: number;
}>;

/** Milliseconds after which the rest is looked at, and those of the rest that pay for starting threads. */
const [PROBE, PAYS] = [100, 500] as const;

const ENDS = "all simulations run in the main thread";

/**
 * Runs a simulator in threads where these pay: what comes of a call does not depend on where it runs. The first calls are made
 * here, and the first one again in a thread, where it must come out the same.
 */
export function runnerOf(options: RunnerOptions): RunSimulator {
  const { simulate, source, workers, timeLimit, warn, patience = 30 } = options;
  const threads = workers ?? availableCores();
  const call = timeLimit === undefined ? simulateWith(simulate) : limited(simulate, timeLimit);
  let staysHere = workers === 0 || (workers === undefined && threads < 2) || !hasThreads();
  return async function* (calls, count) {
    const rest = calls[Symbol.iterator]();
    let [done, spent] = [0, 0];
    const pays = (): boolean => {
      if (staysHere || done === 0) return false;
      return workers !== undefined || (spent > PROBE && ((count - done) * spent) / done > PAYS);
    };
    let first: Readonly<{ call: SimulatorCall; outcome: Outcome }> | undefined;
    while (!pays()) {
      const next = rest.next();
      if (next.done === true) return;
      const again = first ? undefined : copyOf(next.value);
      const began = performance.now();
      const outcome = call(next.value);
      spent += performance.now() - began;
      done++;
      if (again) first = { call: again, outcome };
      yield outcome;
    }
    if (!first) return;
    const left = count - done + 1;
    const pool = new SimulatorThreads(startingWith(first.call, rest), {
      source,
      threads: Math.min(threads, left),
      count: left,
      pace: spent / done,
      timeLimit,
      slow: {
        after: patience,
        say: () =>
          warn(
            "SLOW_SIMULATION",
            `simulate: one simulation has taken ${patience} s so far; timeLimit ends those that hang, and counts them as failures`,
          ),
      },
    });
    let isFirst = true;
    let differs = false;
    for await (const outcome of pool.outcomes()) {
      differs = isFirst && !isSame(outcome, first.outcome);
      if (differs) break;
      if (!isFirst) yield outcome;
      isFirst = false;
    }
    if (pool.obstacle === undefined && !differs) return;
    staysHere = true;
    warn(
      "MAIN_THREAD",
      differs
        ? `simulate: the first simulation came out otherwise in a thread, so ${ENDS}; draw from random alone, and keep nothing between calls`
        : `simulate: no thread can run it (${pool.obstacle}), so ${ENDS}; pass the URL of a module that exports it by default, or workers: 0`,
    );
    for (const { id, call: open, outcome } of pool.left())
      if (id > 0) yield (!differs && outcome) || call(open);
    for (let next = rest.next(); !next.done; next = rest.next()) yield call(next.value);
  };
}

type CallOnce = (call: SimulatorCall) => Outcome;

const simulateWith =
  (simulate: Simulator): CallOnce =>
  ({ theta, random }) =>
    outcomeOf(simulate, theta.slice(), random);

/** The same within its time: it is interrupted in the middle, wherever it is. */
function limited(simulate: Simulator, timeLimit: number): CallOnce {
  const once = simulateWith(simulate);
  const context: { run?: () => void } = createContext({});
  const script = new Script("run()");
  return (call) => {
    let outcome: Outcome | undefined;
    context.run = () => {
      outcome = once(call);
    };
    try {
      script.runInContext(context, { timeout: Math.ceil(1000 * timeLimit) });
    } catch (error) {
      // an error of another context is no instance of this one's Error
      if ((error as { code?: unknown })?.code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
    }
    return outcome ?? { failed: `took more than ${timeLimit} s` };
  };
}

const copyOf = ({ theta, random }: SimulatorCall): SimulatorCall => ({
  theta,
  random: rngOf(random.state.slice()),
});

function* startingWith<T>(first: T, rest: Iterator<T>): Generator<T> {
  yield first;
  for (let next = rest.next(); !next.done; next = rest.next()) yield next.value;
}

function isSame(a: Outcome, b: Outcome): boolean {
  if (!("x" in a && "x" in b)) return !("x" in a || "x" in b);
  return a.x.length === b.x.length && a.x.every((value, i) => Object.is(value, b.x[i]));
}
