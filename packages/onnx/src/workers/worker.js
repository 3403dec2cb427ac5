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

/** Tensors on memory with this layout. */
const tensorsOn = (memory, places) =>
  Object.fromEntries(
    places.map(({ name, dtype, shape, offset, length }) => [
      name,
      new runtime.Tensor(dtype, new typedArrays[dtype](memory, offset, length), shape),
    ]),
  );

/** Each returns the memory that goes back to the other thread. */
const answers = {
  async open({ program, file, options, inputs, outputs }) {
    const opened = await openSession(runtime, runInPlace, file, options);
    programs.set(program, { opened, inputs, outputs });
    return {};
  },
  async run({ program, feeds, results }) {
    const { opened, inputs, outputs } = programs.get(program);
    await opened.run(tensorsOn(feeds, inputs), tensorsOn(results, outputs));
    return { feeds, results };
  },
  async close({ program }) {
    const { opened } = programs.get(program);
    programs.delete(program);
    await opened.close();
    return {};
  },
};

const answer = async ({ call, what, ...request }) => {
  try {
    const memory = await inside(gate, () => answers[what](request));
    parentPort.postMessage({ call, memory }, Object.values(memory));
  } catch (error) {
    parentPort.postMessage({ call, error: String(error) });
  }
};

parentPort.on("message", (message) => void answer(message));
