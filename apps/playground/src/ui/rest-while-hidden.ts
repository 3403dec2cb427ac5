import { effect } from "@preact/signals";
import { shownPart } from "../shell/route.js";
import type { Run } from "./run.js";

/** Stops the run of a part while another part is shown, so that each has the machine; then it goes on. */
export function restWhileHidden(part: string, run: Run<unknown>): void {
  let resting = false;
  effect(() => {
    const shown = shownPart.value === part;
    if (!shown && run.going.peek()) {
      resting = true;
      void run.stop();
    } else if (shown && resting) {
      resting = false;
      void run.stop().then(() => run.train());
    }
  });
}
