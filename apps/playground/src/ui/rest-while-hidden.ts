import { effect } from "@preact/signals";
import { shownPart } from "../shell/route.js";
import type { Run } from "./run.js";

/** Pauses the run of a tab while another tab is shown, and resumes it afterwards. */
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
