/**
 * A program as the thread that runs it holds it: sessions of ONNX Runtime one after the other, and kernels that compute on
 * what a session has left before the next one begins. It is JavaScript, so that the threads of `workers/` share it.
 */

import { typedArrays } from "../typed-arrays.js";

const PAGE = 65536;

export async function openProgram({ InferenceSession, Tensor }, run, parts, options) {
  const { stages, between, bytes, tables, module } = parts;
  const pages = Math.ceil(bytes / PAGE);
  const memory = module && new WebAssembly.Memory({ initial: pages, maximum: pages });
  for (const { offset, data } of tables) new Float32Array(memory.buffer).set(data, offset / 4);
  const kernels = module && (await WebAssembly.instantiate(module, { env: { memory } })).exports;
  const passed = Object.fromEntries(
    between.map(({ name, dtype, shape, offset, length }) => [
      name,
      new Tensor(dtype, new typedArrays[dtype](memory.buffer, offset, length), shape),
    ]),
  );
  const { profileFilePrefix: profile, ...plain } = options;
  const optionsOf = (stage) =>
    profile === undefined
      ? options
      : { ...plain, profileFilePrefix: `${profile}${stage ? `-stage${stage}` : ""}` };
  const sessions = await all(
    stages.map(({ file }, stage) => file && InferenceSession.create(file, optionsOf(stage))),
  );
  const runAll = async (feeds, results) => {
    const named = (names) =>
      Object.fromEntries(names.map((name) => [name, passed[name] ?? feeds[name] ?? results[name]]));
    for (const [i, { inputs, outputs, calls }] of stages.entries()) {
      if (sessions[i]) await run(sessions[i], named(inputs), named(outputs));
      for (const { kernel, parameters } of calls) kernels[kernel](...parameters);
    }
  };
  let before = Promise.resolve();
  return {
    /** One run after the other: they share the memory between stages. */
    run(feeds, results) {
      const ended = before.then(() => runAll(feeds, results));
      before = ended.catch(() => {});
      return ended;
    },
    async close() {
      await before;
      for (const session of sessions) {
        if (options.enableProfiling) session?.endProfiling();
        await session?.release();
      }
    },
  };
}

/** All sessions, or none: what opened beside one that does not is given back. */
async function all(opening) {
  const ends = await Promise.allSettled(opening);
  const failed = ends.find(({ status }) => status === "rejected");
  if (!failed) return ends.map(({ value }) => value);
  await Promise.all(ends.map(({ value }) => value?.release()));
  throw failed.reason;
}
