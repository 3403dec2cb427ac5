import type { CallContext, ToPage, ToWorker, WorkerProblem } from "./messages.js";

type AnyHandler = (args: unknown, context: CallContext) => Promise<unknown>;
type Scope = {
  postMessage(message: ToPage, transfer: Transferable[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent<ToWorker>) => void): void;
};

/** The handlers of each tab, loaded at its first call. Calls are named `tab.verb`. */
const parts: Readonly<Record<string, () => Promise<object>>> = {
  plane: async () => (await import("../tabs/plane/handlers.js")).planeHandlers,
  table: async () => (await import("../tabs/table/handlers.js")).tableHandlers,
  images: async () => (await import("../tabs/images/handlers.js")).imagesHandlers,
  posterior: async () => (await import("../tabs/posterior/handlers.js")).posteriorHandlers,
  network: async () => (await import("../tabs/network/handlers.js")).networkHandlers,
};

const scope = self as unknown as Scope;
const running = new Map<number, AbortController>();

const problemOf = (error: unknown): WorkerProblem =>
  error instanceof Error
    ? { message: error.message, name: error.name, ...("code" in error && { code: String(error.code) }) }
    : { message: String(error), name: "Error" };

async function answer({ id, name, args }: ToWorker & { kind: "call" }): Promise<void> {
  const abort = new AbortController();
  running.set(id, abort);
  const moved: Transferable[] = [];
  const context = {
    emit: (event: unknown, transfer: Transferable[] = []) =>
      scope.postMessage({ kind: "event", id, event }, transfer),
    transfer: (...objects: Transferable[]) => void moved.push(...objects),
    signal: abort.signal,
  };
  try {
    const handlers = (await parts[name.split(".")[0] ?? ""]?.()) as Record<string, AnyHandler> | undefined;
    const handler = handlers?.[name];
    if (!handler) throw new Error(`the worker has no handler for ${name}`);
    const result = await handler(args, context);
    scope.postMessage({ kind: "result", id, result }, moved);
  } catch (error) {
    scope.postMessage({ kind: "error", id, error: problemOf(error) }, []);
  } finally {
    running.delete(id);
  }
}

scope.addEventListener("message", ({ data }) => {
  if (data.kind === "call") void answer(data);
  else running.get(data.id)?.abort();
});
