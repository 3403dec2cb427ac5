import type { Progress } from "../../run/session.js";

/** Messages after which the speed is known. */
const KNOWN = 3;

/** Adds the time that a stage will still take to its name: of the speed since its first message. */
export function timeLeft(
  tell: (progress: Progress) => void,
  now: () => number = () => performance.now(),
): (progress: Progress) => void {
  let [stage, begun, from, messages] = ["", 0, 0, 0];
  return (progress) => {
    if (progress.stage !== stage) {
      [stage, begun, from, messages] = [progress.stage, now(), progress.done, 0];
    }
    messages++;
    const { done, of } = progress;
    const seconds = ((now() - begun) / 1000 / (done - from)) * (of - done);
    const left = messages > KNOWN && Number.isFinite(seconds) ? `, about ${wordsOf(seconds)} left` : "";
    tell({
      ...progress,
      stage: `${stage}, ${done.toLocaleString("en")} of ${of.toLocaleString("en")}${left}`,
    });
  };
}

const wordsOf = (seconds: number): string =>
  seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`;
