/**
 * A session of ONNX Runtime whose runs follow one another, and which is released after the last one. JavaScript, so that
 * the threads of `workers/` share it.
 */
export async function openSession({ InferenceSession }, run, file, options) {
  const session = await InferenceSession.create(file, options);
  let before = Promise.resolve();
  return {
    run(feeds, results) {
      const ended = before.then(() => run(session, feeds, results));
      before = ended.catch(() => {});
      return ended;
    },
    async close() {
      await before;
      if (options.enableProfiling) session.endProfiling();
      await session.release();
    },
  };
}
