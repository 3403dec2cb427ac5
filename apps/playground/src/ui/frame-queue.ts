import { effect } from "@preact/signals";

/** Pending drawings, one per animation frame, so that no task of the main thread is longer than one drawing. */
const waiting = new Set<() => void>();

function next(): void {
  const [draw] = waiting;
  if (!draw) return;
  waiting.delete(draw);
  if (waiting.size > 0) requestAnimationFrame(next);
  draw();
}

function wait(draw: () => void): void {
  if (waiting.size === 0) requestAnimationFrame(next);
  waiting.add(draw);
}

/** Draws in its frame, and again after a change of its signals. Returns a function that stops it. */
export function drawInFrameQueue(draw: () => void): () => void {
  let stop = (): void => {};
  const turn = (): void => {
    stop();
    let drawn = false;
    stop = effect(() => {
      // a change of its signals queues it again
      if (drawn) return wait(turn);
      drawn = true;
      draw();
    });
  };
  wait(turn);
  return () => {
    waiting.delete(turn);
    stop();
  };
}
