import { existsSync } from "node:fs";
import { DeviceError } from "@flowify/core";
import type { PlacedArray } from "@flowify/core/internal";
import type { JsTree } from "@jax-js/jax";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { resultTensors, type Slot, type TensorStore } from "../tensors.js";
import { ComputeThread } from "./compute-thread.js";
import { arraysIn, parcelFor } from "./parcel.js";
import { Slots } from "./slots.js";

/** A program on a worker. Two runs may be requested at the same time: the second begins as soon as the first ends. */
export type WorkerProgram = Readonly<{
  /** Feeds in order; `into` are the results of an earlier run, whose memory is reused. */
  run(feeds: readonly Tensor[], into: JsTree<PlacedArray> | undefined): Promise<Tensor[]>;
  close(): Promise<void>;
}>;

const SCRIPT = new URL("./worker.js", import.meta.url);

/** True if the script of the threads is next to this module, which may not be the case in a bundle. */
export const hasWorkers = (): boolean => existsSync(SCRIPT);

type Answer = Readonly<{ call: number; error?: string }>;
type Waiting = Readonly<{ resolve(): void; reject(error: Error): void }>;
type Data = Tensor["data"];

/** The thread of a worker ended unexpectedly: its work may run elsewhere. */
class ThreadEnded extends Error {}

/**
 * A separate thread with sessions of ONNX Runtime, parallel to this thread and other workers: a session blocks the
 * thread that calls it. Arrays are exchanged through shared memory: transferring memory would trigger a garbage
 * collection each time. If the thread ends unexpectedly, for example out of memory, its programs continue in this
 * thread, including the present call, with the same numbers: Node's warning is the only sign.
 */
export class WorkerHandle {
  readonly #store: TensorStore;
  readonly #thread = new ComputeThread(SCRIPT);
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  #programs = 0;
  #error: Error | undefined;
  #ended: Error | undefined;

  constructor(store: TensorStore) {
    this.#store = store;
    this.#thread.on("message", (answer: Answer) => this.#answered(answer));
    this.#thread.on("error", (error) => {
      this.#error = error;
    });
    this.#thread.on("exit", (status) => this.#lost(status));
  }

  /** True if the thread no longer computes. */
  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /** `here` runs the same program in this thread. */
  async open(
    file: Uint8Array,
    options: InferenceSession.SessionOptions,
    inputs: readonly Slot[],
    outputs: readonly Slot[],
    here: WorkerProgram["run"],
  ): Promise<WorkerProgram> {
    const program = this.#programs++;
    await this.#ask({ what: "open", program, file, options }).catch(unlessEnded);
    const slots = new Slots((slot) => {
      const memory = { feeds: parcelFor(inputs), results: parcelFor(outputs) };
      return { slot, memory, isNew: true, to: arraysIn(memory.feeds), from: arraysIn(memory.results) };
    });
    const copy = (target: Data, source: Data): void => (target as Float32Array).set(source as Float32Array);
    const there: WorkerProgram["run"] = (tensors, into) =>
      slots.use(async (place) => {
        const { slot, memory, to, from, isNew } = place;
        to.forEach((array, i) => {
          copy(array, tensors[i]?.data as Data);
        });
        await this.#ask({ what: "run", program, slot, ...(isNew && memory) });
        place.isNew = false;
        const back = resultTensors(this.#store, outputs, into, () => true);
        from.forEach((array, i) => {
          copy(back[i]?.data as Data, array);
        });
        return back;
      });
    return {
      run: (tensors, into) =>
        there(tensors, into).catch((error: unknown) => {
          unlessEnded(error);
          return here(tensors, into);
        }),
      close: () => this.#ask({ what: "close", program }).catch(unlessEnded),
    };
  }

  /** Stops the thread after its present computation. */
  async stop(): Promise<void> {
    this.#end(new DeviceError("the native executor was disposed of while it computed"));
    await this.#thread.terminate();
  }

  #ask(request: object): Promise<void> {
    if (this.#ended) return Promise.reject(this.#ended);
    const call = this.#calls++;
    this.#thread.ref();
    return new Promise((resolve, reject) => {
      this.#waiting.set(call, { resolve, reject });
      this.#thread.postMessage({ call, ...request });
    });
  }

  #answered({ call, error }: Answer): void {
    const waiting = this.#waiting.get(call);
    this.#waiting.delete(call);
    if (this.#waiting.size === 0) this.#thread.unref();
    if (error === undefined) waiting?.resolve();
    else waiting?.reject(new Error(error));
  }

  #lost(status: number): void {
    if (this.#ended) return;
    const cause = this.#error?.message ?? `status ${status}`;
    process.emitWarning(
      `a thread of the native executor ended (${cause}); its programs continue in the main thread, which is slower`,
      { code: "FLOWIFY_THREAD_ENDED" },
    );
    this.#end(new ThreadEnded(cause, { cause: this.#error }));
  }

  #end(reason: Error): void {
    this.#ended ??= reason;
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
  }
}

function unlessEnded(error: unknown): void {
  if (!(error instanceof ThreadEnded)) throw error;
}
