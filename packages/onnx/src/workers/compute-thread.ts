import { Worker } from "node:worker_threads";
import { CLOSED, INSIDE } from "./gate.js";

/** Milliseconds that a process which ends waits for what its threads compute. */
const PATIENCE = 10_000;

/** How often a thread that is to stop is looked at, in milliseconds. */
const LOOK = 2;

const running = new Set<ComputeThread>();

/**
 * A thread that is never stopped while it is inside of ONNX Runtime, whose binding would throw where nothing catches and
 * take the process with it: neither by `terminate` nor by the end of the process, by `process.exit` or by an error. Both
 * close the gate, which lets no further call in, and wait for the one that is inside. The thread does not keep the
 * process from ending.
 */
export class ComputeThread extends Worker {
  readonly #gate: Int32Array;

  constructor(script: URL) {
    const gate = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
    gate[INSIDE] = 1; // until its script has loaded ONNX Runtime
    super(script, {
      execArgv: [], // those of the process may be meant for its own script
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

  /** Lets no further call into ONNX Runtime. */
  close(): void {
    Atomics.store(this.#gate, CLOSED, 1);
  }

  /** Stands still until no call is inside, or until this time of the clock. */
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
