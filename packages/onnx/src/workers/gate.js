/**
 * The gate of a thread, two numbers in memory that it shares with the thread which started it. JavaScript, so that both
 * sides read it.
 */

/** How many calls are inside. */
export const INSIDE = 0;

/** 1 when no further call may go in. */
export const CLOSED = 1;

export function leave(gate) {
  Atomics.sub(gate, INSIDE, 1);
  Atomics.notify(gate, INSIDE);
}

/** Works inside of the gate; where that is closed, never: the thread is about to be stopped. */
export async function inside(gate, work) {
  Atomics.add(gate, INSIDE, 1);
  if (Atomics.load(gate, CLOSED) === 1) {
    leave(gate);
    return new Promise(() => {});
  }
  try {
    return await work();
  } finally {
    leave(gate);
  }
}
