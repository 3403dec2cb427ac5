import { Worker } from "node:worker_threads";
import { CLOSED, INSIDE } from "./gate.js";

/** Milliseconds that an exiting process waits for the computations of its threads. */
const PATIENCE = 10_000;

/** Polling interval for a stopping thread, in milliseconds. */
const LOOK = 2;

const running = new Set<ComputeThread>();

/**
 * A thread that is never stopped during a call of ONNX Runtime, because an uncaught error of its binding would crash
 * the process. This holds for `terminate` and for the end of the process, by `process.exit` or an error: both close the
 * gate, which blocks further calls, and wait for the present call. The thread does not keep the process alive.
 */
export class ComputeThread extends Worker {
  readonly #gate: Int32Array;

  constructor(script: URL) {
    const gate = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
    gate[INSIDE] = 1; // until its script has loaded ONNX Runtime
    super(script, {
      execArgv: [], // the flags of the process may be meant for its own script
      workerData: { gate },
    });
    this.#gate = gate;
    this.unref();
    if (running.size === 0) process.on("exit", closeAll);
    running.add(this);
    this.once("exit", () => {
      running.delete(this);
      if (running.size === 0) process.off("exit", closeAll);
    });
  }

  override async terminate(): Promise<number> {
    this.close();
    while (running.has(this) && Atomics.load(this.#gate, INSIDE) > 0)
      await new Promise((resolve) => setTimeout(resolve, LOOK));
    return super.terminate();
  }

  /** Blocks further calls of ONNX Runtime. */
  close(): void {
    Atomics.store(this.#gate, CLOSED, 1);
  }

  /** Blocks until no call is active, or until this deadline. */
  waitUntil(end: number): void {
    for (;;) {
      const inside = Atomics.load(this.#gate, INSIDE);
      const left = end - performance.now();
      if (inside === 0 || left <= 0) return;
      Atomics.wait(this.#gate, INSIDE, inside, left);
    }
  }
}

function closeAll(): void {
  const end = performance.now() + PATIENCE;
  for (const thread of running) thread.close();
  for (const thread of running) thread.waitUntil(end);
}
