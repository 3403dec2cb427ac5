/**
 * Runs whose results lie in given memory, and are not copied from there; of programs of `toBytesInPlace`, which says how.
 * JavaScript, so that the threads of `workers/` share it.
 */
export const DONE = "flowify.done";

/** What ONNX Runtime's binding says of a result that is no tensor. */
const NO_TENSOR = "Non tensor type is temporarily not supported";

export async function runInPlace(session, feeds, results) {
  try {
    await session.run(feeds, { [DONE]: null, ...results });
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith(NO_TENSOR))) throw error;
  }
}
