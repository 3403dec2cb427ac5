/** Page → worker. `cancel` stops a call early: it aborts the handler's signal. */
export type ToWorker =
  | { kind: "call"; id: number; name: string; args: unknown }
  | { kind: "cancel"; id: number };

/** Worker → page. */
export type ToPage =
  | { kind: "event"; id: number; event: unknown }
  | { kind: "result"; id: number; result: unknown }
  | { kind: "error"; id: number; error: WorkerProblem };

/** An error in a message: `code` is that of a `FlowifyError`. */
export type WorkerProblem = { message: string; name: string; code?: string };

/** What a handler gets beside its arguments. */
export type CallContext<Event = never> = Readonly<{
  /** Sends an event; typed arrays in `transfer` move without a copy. */
  emit(event: Event, transfer?: Transferable[]): void;
  /** Marks buffers that the result transfers without a copy. */
  transfer(...objects: Transferable[]): void;
  signal: AbortSignal;
}>;
