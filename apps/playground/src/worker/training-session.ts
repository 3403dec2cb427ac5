import { UsageError } from "@flowify/core";
import { serialQueue } from "../ui/coalesce.js";
import type { CallContext } from "./messages.js";
import { buffersOf, type Standing, type Training, type TrainingEvent } from "./training.js";

type Trained<V extends object> = Readonly<{ training: Training<V> }>;

/**
 * The one training that the worker of a tab has, and the calls that all such tabs share.
 *
 * @param viewEvery milliseconds between two views
 */
export function trainingSession<V extends object, S extends Trained<V>>(viewEvery: number) {
  const inTurn = serialQueue();
  let session: S | undefined;
  /** Ends the run under way. */
  let end = async (): Promise<unknown> => undefined;
  /** The open training; waits for one that is being opened. */
  const opened = (): Promise<S> =>
    inTurn(async () => {
      if (!session) throw new UsageError("no flow is open yet");
      return session;
    });
  return {
    opened,
    /** Puts another training in the place of the open one, whose run ends, from what `keep` takes of that. */
    open: <K>(keep: (last: S | undefined) => Promise<K>, make: (kept: K) => Promise<S>): Promise<S> =>
      inTurn(async () => {
        await end();
        const kept = await keep(session);
        await session?.training.dispose();
        session = undefined;
        session = await make(kept);
        return session;
      }),
    /** Trains until it is cancelled, has taken `steps`, or reaches the end of the schedule. */
    train: async (
      { steps }: { steps?: number },
      { emit, signal }: CallContext<TrainingEvent<V>>,
    ): Promise<Standing> => {
      const { training } = await opened();
      const ending = new AbortController();
      const run = training.run({
        steps,
        signal: AbortSignal.any([signal, ending.signal]),
        viewEvery,
        emit: (event) => emit(event, event.kind === "view" ? buffersOf(event.view) : []),
      });
      end = () => {
        ending.abort();
        return run.catch(() => {});
      };
      return run;
    },
    view: async (_: object, { transfer }: CallContext): Promise<V> => {
      const view = await (await opened()).training.view();
      transfer(...buffersOf(view));
      return view;
    },
  };
}
