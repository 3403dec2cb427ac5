/**
 * The other side of `worker.ts`: a thread with sessions of its own. It is JavaScript, so that Node starts it as it
 * stands, from these sources as from a package.
 */
import { parentPort, workerData } from "node:worker_threads";
import { openSession } from "../open-session.js";
import { runInPlace } from "../run-in-place.js";
import { typedArrays } from "../typed-arrays.js";
import { inside, leave } from "./gate.js";

const { gate } = workerData;
const module = await import("onnxruntime-node").finally(() => leave(gate));
const runtime = module.default ?? module;

/** Programs by number. */
const programs = new Map();

/**
 * Memory that both threads see, and tensors on memory of this one with the same layout: ONNX Runtime's binding takes no shared
 * memory.
 */
function parcel({ shared, slots }) {
  const own = new ArrayBuffer(shared.byteLength);
  const tensors = slots.map(({ name, dtype, shape, offset, length }) => [
    name,
    new runtime.Tensor(dtype, new typedArrays[dtype](own, offset, length), shape),
  ]);
  return { shared: new Uint8Array(shared), own: new Uint8Array(own), tensors: Object.fromEntries(tensors) };
}

const answers = {
  async open({ program, file, options }) {
    programs.set(program, { opened: await openSession(runtime, runInPlace, file, options), slots: [] });
  },
  /** Memory comes with the first run that uses it. */
  async run({ program, slot, ...memory }) {
    const { opened, slots } = programs.get(program);
    slots[slot] ??= { feeds: parcel(memory.feeds), results: parcel(memory.results) };
    const { feeds, results } = slots[slot];
    feeds.own.set(feeds.shared);
    await opened.run(feeds.tensors, results.tensors);
    results.shared.set(results.own);
  },
  async close({ program }) {
    const { opened } = programs.get(program);
    programs.delete(program);
    await opened.close();
  },
};

const answer = async ({ call, what, ...request }) => {
  try {
    await inside(gate, () => answers[what](request));
    parentPort.postMessage({ call });
  } catch (error) {
    parentPort.postMessage({ call, error: String(error) });
  }
};

parentPort.on("message", (message) => void answer(message));
