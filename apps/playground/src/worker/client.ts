import type { ToPage, ToWorker, WorkerProblem } from "./messages.js";
import type { Args, CallName, EventOf, Result } from "./protocol.js";

/** An error from the worker; `code` is that of a `FlowifyError`, if it was one. */
const errorOf = ({ message, name, code }: WorkerProblem): Error =>
  Object.assign(new Error(message), { name, code });

type CallOptions<N extends CallName> = {
  onEvent?: (event: EventOf<N>) => void;
  /** Stops the call early: the worker's handler gets the signal and decides on the result. */
  signal?: AbortSignal;
};

type Pending = {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
  onEvent: (event: unknown) => void;
};

/** A worker and its pending calls. Each tab opens its own. */
export type Connection = Readonly<{
  call<N extends CallName>(name: N, args: Args<N>, options?: CallOptions<N>): Promise<Result<N>>;
  /** Stops the worker at once and frees its memory; pending and later calls are rejected. */
  close(): void;
}>;

const closing = (): Error => new DOMException("the worker was closed", "AbortError");

export function connect(): Connection {
  if (typeof Worker === "undefined")
    throw new Error("This browser has no web workers, so the page cannot compute. Use a recent browser.");
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const pending = new Map<number, Pending>();
  let last = 0;
  let closed = false;
  const failAll = (error: Error): void => {
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
  };
  worker.addEventListener("message", ({ data }: MessageEvent<ToPage>) => {
    const call = pending.get(data.id);
    if (!call) return;
    if (data.kind === "event") return call.onEvent(data.event);
    pending.delete(data.id);
    if (data.kind === "result") call.resolve(data.result);
    else call.reject(errorOf(data.error));
  });
  worker.addEventListener("error", (event) => {
    event.preventDefault();
    failAll(new Error(`The worker stopped: ${event.message || "it could not be loaded"}. Reload the page.`));
  });
  const send = (message: ToWorker): void => worker.postMessage(message);
  return {
    call(name, args, { onEvent, signal } = {}) {
      if (closed) return Promise.reject(closing());
      const id = ++last;
      return new Promise<unknown>((resolve, reject) => {
        pending.set(id, {
          resolve,
          reject,
          onEvent: (event) => onEvent?.(event as never),
        });
        signal?.addEventListener("abort", () => send({ kind: "cancel", id }), { once: true });
        send({ kind: "call", id, name, args });
      }) as Promise<never>;
    },
    close() {
      closed = true;
      worker.terminate();
      failAll(closing());
    },
  };
}

/** The worker of a tab, which starts with the first call. */
export function connectLater(): () => Connection {
  let connection: Connection | undefined;
  return () => {
    connection ??= connect();
    return connection;
  };
}
