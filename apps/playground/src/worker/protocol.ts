import type { ImagesCalls } from "../tabs/images/calls.js";
import type { NetworkCalls } from "../tabs/network/calls.js";
import type { PlaneCalls } from "../tabs/plane/calls.js";
import type { PosteriorCalls } from "../tabs/posterior/calls.js";
import type { TableCalls } from "../tabs/table/calls.js";

/** What page and workers say to each other, declared once; every tab lists its calls in its own `calls.ts`. */
export type Calls = PlaneCalls & TableCalls & ImagesCalls & NetworkCalls & PosteriorCalls;
export type CallName = keyof Calls;

/** Page → worker. `cancel` stops a call early: it aborts the handler's signal. */
export type ToWorker =
  | { kind: "call"; id: number; name: CallName; args: unknown }
  | { kind: "cancel"; id: number };

/** Worker → page. */
export type ToPage =
  | { kind: "event"; id: number; event: unknown }
  | { kind: "result"; id: number; result: unknown }
  | { kind: "error"; id: number; error: WorkerProblem };

/** An error in a message: `code` is that of a `FlowifyError`. */
export type WorkerProblem = { message: string; name: string; code?: string };

export type CallContext<N extends CallName> = Readonly<{
  /** Sends an event; typed arrays in `transfer` move without a copy. */
  emit(event: Calls[N]["event"], transfer?: Transferable[]): void;
  /** Marks buffers that the result transfers without a copy. */
  transfer(...objects: Transferable[]): void;
  signal: AbortSignal;
}>;

/** The handlers of some calls: one object per tab, in its `handlers.ts`. */
export type Handlers<N extends CallName> = {
  [K in N]: (args: Calls[K]["args"], context: CallContext<K>) => Promise<Calls[K]["result"]>;
};
