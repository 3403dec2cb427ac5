import { snippets } from "virtual:snippets";
import { jaxExecutor } from "@flowify/core";
import { learnDensity } from "./learn.js";
import type { Answer, Ask } from "./protocol.js";

type Scope = {
  postMessage(answer: Answer, transfer?: Transferable[]): void;
  onmessage: (event: MessageEvent<Ask>) => void;
};
const scope = globalThis as unknown as Scope;

/** A value as `console.log` shows it, in few words. */
function shown(value: unknown): string {
  if (typeof value === "string") return value;
  if (ArrayBuffer.isView(value)) return `[ ${[...(value as Float32Array)].join(", ")} ]`;
  if (Array.isArray(value)) return value.length === 0 ? "[]" : `[ ${value.map(shown).join(", ")} ]`;
  return JSON.stringify(value) ?? "undefined";
}

/** Runs an example as its page shows it; what it prints goes to the page. */
async function run(name: string): Promise<void> {
  const load = snippets[name];
  if (!load) throw new Error(`there is no example ${name}: reload the page`);
  console.log = (...values: unknown[]) =>
    scope.postMessage({ kind: "line", text: values.map(shown).join(" ") });
  await load();
}

async function answer(data: Ask): Promise<void> {
  try {
    if (data.kind === "run") await run(data.name);
    else
      await learnDensity({
        ...data,
        executor: jaxExecutor(),
        onFrame: (frame) => scope.postMessage({ kind: "frame", frame }, [frame.cells.buffer]),
      });
    scope.postMessage({ kind: "done" });
  } catch (error) {
    scope.postMessage({ kind: "problem", text: error instanceof Error ? error.message : String(error) });
  }
}

scope.onmessage = ({ data }) => void answer(data);
