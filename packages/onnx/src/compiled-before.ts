import type { LoweredGraph } from "jax-to-onnx/internal";
import type { openSession } from "./open-session.js";
import { Recent } from "./recent.js";
import type { Runtime } from "./runtime.js";

/** What a program needs of its graph; the rest holds much memory. */
export type Graph = Omit<LoweredGraph, "typeOf" | "acted">;
type Session = Awaited<ReturnType<typeof openSession>>;

/** The most numbers in the constants of a graph that is kept. */
const MOST_CONSTANTS = 100_000;

/**
 * Graphs by the text of their programs: a network is trained again with other numbers, by the members of an ensemble, or by
 * the next command of a process.
 */
const graphs = new Recent<Graph>(60_000);

/** Sessions that nobody uses now, of so many bytes in all, by the runtime that opened them. */
const idle = new WeakMap<Runtime, Recent<Session>>();
const IDLE_BYTES = 64 * 2 ** 20;

/** How many numbers the constants of a graph have. */
const numbersIn = ({ constants }: Pick<Graph, "constants">): number =>
  constants.reduce((sum, { data }) => sum + data.length, 0);

/** Graphs that are being lowered, by the same text. */
const underWay = new Map<string, Promise<Graph>>();

/**
 * The graph of a program, which is lowered where none like it was lowered before. While another lowers it, this waits for that
 * one; where that one fails or is ended, it is lowered by this one.
 */
export async function lowerOnce(
  key: string | undefined,
  lowered: () => Promise<LoweredGraph>,
): Promise<Graph> {
  if (key === undefined) return lowered();
  const known = graphs.get(key);
  if (known) return known;
  const other = underWay.get(key);
  if (other) return other.catch(() => lowerOnce(key, lowered));
  const own = kept(key, lowered).finally(() => underWay.delete(key));
  underWay.set(key, own);
  return own;
}

async function kept(key: string, lowered: () => Promise<LoweredGraph>): Promise<Graph> {
  const { typeOf: _, acted: __, ...graph } = await lowered();
  if (numbersIn(graph) <= MOST_CONSTANTS) graphs.put(key, graph, graph.nodes.length);
  return graph;
}

/** Bytes of a node in a session, about. */
const NODE_BYTES = 200;

/** `key`: its text, where its session may be kept. `peak`: bytes that its graph holds in a run. */
type Program = Readonly<{
  key?: string | undefined;
  graph: Pick<Graph, "nodes" | "constants">;
  peak: number;
}>;

/**
 * A session of a program: one that an equal program closed, or a new one. Closed it waits for the next; one that is large,
 * or has no key, is released.
 */
export async function sessionOf(
  runtime: Runtime,
  { key, graph, peak }: Program,
  open: () => Promise<Session>,
): Promise<Session> {
  if (key === undefined) return open();
  const waiting = idle.get(runtime) ?? new Recent<Session>(IDLE_BYTES);
  idle.set(runtime, waiting);
  const session = waiting.take(key) ?? (await open());
  return {
    run: (feeds, results) => session.run(feeds, results),
    async close() {
      const bytes = peak + 4 * numbersIn(graph) + NODE_BYTES * graph.nodes.length;
      await Promise.all(waiting.put(key, session, bytes).map((each) => each.close()));
    },
  };
}
