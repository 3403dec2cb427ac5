import { withBase } from "vitepress";
import { type Answer, type Ask, WORKER } from "../live/protocol.js";

/** Starts a worker for one task; it ends with the task, or by the function that is returned. */
export function startWorker(ask: Ask, onAnswer: (answer: Answer) => void): () => void {
  const worker = new Worker(withBase(`/${WORKER}`), { type: "module" });
  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    if (data.kind === "done" || data.kind === "problem") worker.terminate();
    onAnswer(data);
  };
  worker.onerror = () => {
    worker.terminate();
    onAnswer({ kind: "problem", text: "the code of this piece could not be loaded: reload the page" });
  };
  worker.postMessage(ask);
  return () => worker.terminate();
}
