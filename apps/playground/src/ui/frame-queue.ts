import { effect } from "@preact/signals";

/** Drawings that wait, each for a frame of its own: so no task of the page's thread is longer than one of them. */
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

/** Draws when its turn comes, and again after signals that it reads have changed. Gives what ends it. */
export function drawInFrameQueue(draw: () => void): () => void {
  let stop = (): void => {};
  const turn = (): void => {
    stop();
    let drawn = false;
    stop = effect(() => {
      // a change of what was read lets it wait for its next turn
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
