/**
 * The other side of `lane.ts`: a thread with sessions of its own. It is JavaScript, so that Node starts it as it
 * stands, from these sources as from a package.
 */
import { parentPort, workerData } from "node:worker_threads";

const module = await import("onnxruntime-node");
const { InferenceSession, Tensor } = module.default ?? module;

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  bool: Uint8Array,
};

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
    new Tensor(dtype, new arrays[dtype](own, offset, length), shape),
  ]);
  return { shared: new Uint8Array(shared), own: new Uint8Array(own), tensors: Object.fromEntries(tensors) };
}

const answers = {
  async open({ program, bytes, options }) {
    const session = await InferenceSession.create(bytes, options);
    programs.set(program, { session, slots: [], profiling: options.enableProfiling });
  },
  /** Memory comes with the first run that uses it. */
  async run({ program, slot, ...memory }) {
    const { session, slots } = programs.get(program);
    slots[slot] ??= { feeds: parcel(memory.feeds), results: parcel(memory.results) };
    const { feeds, results } = slots[slot];
    feeds.own.set(feeds.shared);
    try {
      await session.run(feeds.tensors, { [workerData.done]: null, ...results.tensors });
    } catch (error) {
      if (!error.message.startsWith(workerData.noTensor)) throw error; // see in-place.ts
    }
    results.shared.set(results.own);
  },
  async close({ program }) {
    const { session, profiling } = programs.get(program);
    programs.delete(program);
    if (profiling) session.endProfiling();
    await session.release();
  },
};

const answer = async ({ call, what, ...request }) => {
  try {
    await answers[what](request);
    parentPort.postMessage({ call });
  } catch (error) {
    parentPort.postMessage({ call, error: String(error) });
  }
};

parentPort.on("message", (message) => void answer(message));
