import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { DeviceError, type PlacedArray } from "@flowify/core";
import type { JsTree } from "@jax-js/jax";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import type { ProgramParts } from "../stages/program-parts.js";
import { resultTensors, type TensorStore } from "../tensors.js";
import type { Slot } from "../trace.js";
import { arraysIn, parcelFor } from "./parcel.js";
import { Slots } from "./slots.js";

/** A program on a lane. Two runs may be asked for at once: the second begins as soon as the first ends. */
export type LaneProgram = Readonly<{
  /** Feeds in their order; `into` are the results of an earlier run, whose memory is used again. */
  run(feeds: readonly Tensor[], into: JsTree<PlacedArray> | undefined): Promise<Tensor[]>;
  close(): Promise<void>;
}>;

const SCRIPT = new URL("./lane-worker.js", import.meta.url);

/** True where the script of the threads lies beside this module, which may not be so in a bundle. */
export const hasLanes = (): boolean => existsSync(SCRIPT);

type Answer = Readonly<{ call: number; error?: string }>;
type Waiting = Readonly<{ resolve(): void; reject(error: Error): void }>;
type Data = Tensor["data"];

/**
 * A thread of its own with sessions of ONNX Runtime, beside which this thread and other lanes compute: a session
 * keeps the thread that calls it. Arrays go there and back through memory that both threads share: handing memory
 * over would set off a garbage collection each time. The thread does not keep the process from ending.
 */
export class Lane {
  readonly #store: TensorStore;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  #programs = 0;
  #ended: Error | undefined;

  constructor(store: TensorStore) {
    this.#store = store;
    this.#worker = new Worker(SCRIPT, {
      execArgv: [], // those of the process may be meant for its own script
    });
    this.#worker.unref();
    this.#worker.on("message", (answer: Answer) => this.#answered(answer));
    this.#worker.on("error", (error) => this.#end(error));
    this.#worker.on("exit", () => this.#end(new Error("it was stopped")));
  }

  async open(
    parts: ProgramParts,
    options: InferenceSession.SessionOptions,
    inputs: readonly Slot[],
    outputs: readonly Slot[],
  ): Promise<LaneProgram> {
    const program = this.#programs++;
    await this.#ask({ what: "open", program, parts, options });
    const slots = new Slots((slot) => {
      const memory = { feeds: parcelFor(inputs), results: parcelFor(outputs) };
      return { slot, memory, isNew: true, to: arraysIn(memory.feeds), from: arraysIn(memory.results) };
    });
    const copy = (target: Data, source: Data): void => (target as Float32Array).set(source as Float32Array);
    return {
      run: (tensors, into) =>
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
        }),
      close: () => this.#ask({ what: "close", program }),
    };
  }

  /** Stops the thread. */
  async stop(): Promise<void> {
    this.#ended ??= new Error("it was stopped");
    await this.#worker.terminate();
  }

  #ask(request: object): Promise<void> {
    if (this.#ended) return Promise.reject(this.#lost(this.#ended));
    const call = this.#calls++;
    this.#worker.ref();
    return new Promise((resolve, reject) => {
      this.#waiting.set(call, { resolve, reject });
      this.#worker.postMessage({ call, ...request });
    });
  }

  #answered({ call, error }: Answer): void {
    const waiting = this.#waiting.get(call);
    this.#waiting.delete(call);
    if (this.#waiting.size === 0) this.#worker.unref();
    if (error === undefined) waiting?.resolve();
    else waiting?.reject(new Error(error));
  }

  #end(cause: Error): void {
    this.#ended ??= cause;
    for (const { reject } of this.#waiting.values()) reject(this.#lost(cause));
    this.#waiting.clear();
  }

  #lost = (cause: Error): DeviceError =>
    new DeviceError(`a thread of the native executor ended: ${cause.message}`, { cause });
}
