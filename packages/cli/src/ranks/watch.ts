import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { hostname, networkInterfaces } from "node:os";
import { Worker } from "node:worker_threads";
import { DeviceError } from "@flowify/core";

/** Another process of the job has ended, or hangs. */
export class LostRankError extends DeviceError {}

/** A process of the job, for messages. */
export type Member = Readonly<{ rank: number; host: string; pid: number }>;

/** Watches whether the other processes of the job live. */
type Watch = Readonly<{
  /** Throws where another process has ended or hangs. Errors: `DeviceError` that names it. */
  check(): void;
  /** From now on nobody misses this process. */
  leave(): Promise<void>;
}>;

/** Where the watch of rank 0 listens. */
export type MeetingPlace = Readonly<{ port: number; token: string; addresses: readonly string[] }>;

const SCRIPT = new URL("./watch-thread.js", import.meta.url);

/** Places and values of the verdict, as in the thread's script. */
const [STATE, RANK, KIND] = [0, 1, 2] as const;
const [FOUND, TAKEN] = [1, 2] as const;
const kinds = ["ended", "silent"] as const;
type Kind = (typeof kinds)[number];

export const nameOf = ({ rank, host, pid }: Member): string => `rank ${rank} (${host}, process ${pid})`;

function lost(member: Member, kind: Kind, limit: number): LostRankError {
  const what =
    kind === "ended"
      ? "ended without a message: it was killed, or ran out of memory"
      : `has not answered for ${limit} s: it is stopped, or its network is down`;
  return new LostRankError(`${nameOf(member)} ${what}`);
}

/** This machine's addresses, the loopback first: most jobs run on one machine. */
const addressesHere = (): string[] => {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return ["127.0.0.1", ...all.flatMap(({ internal, address }) => (internal ? [] : [address])), hostname()];
};

/** A thread that watches; rank 0 listens, the others join it. */
export type Watcher = Readonly<{
  /** Of rank 0, where it can listen. */
  place: MeetingPlace | undefined;
  /** True where rank 0 was reached. */
  join(at: MeetingPlace): Promise<boolean>;
}> &
  Watch;

/**
 * @param limit seconds of silence after which a process counts as lost
 * @param token of the job; made by rank 0
 */
export async function startWatch(
  members: readonly Member[],
  rank: number,
  { limit, token = randomUUID() }: { limit: number; token?: string },
): Promise<Watcher> {
  const verdict = new Int32Array(new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT));
  const text = (kind: Kind) => (member: Member) => `error[DEVICE]: ${lost(member, kind, limit).message}\n`;
  const texts = Object.fromEntries(kinds.map((kind) => [kind, members.map(text(kind))]));
  const thread = new Worker(SCRIPT, { execArgv: [], workerData: { rank, token, limit, verdict, texts } });
  thread.unref();
  const answer = async (request?: object): Promise<{ port?: number; joined?: boolean }> => {
    thread.ref();
    if (request) thread.postMessage(request);
    const [message] = await once(thread, "message");
    thread.unref();
    return message;
  };
  const port = rank === 0 ? ((await answer()).port ?? 0) : 0;
  return {
    place: port === 0 ? undefined : { port, token, addresses: addressesHere() },
    join: async ({ port, addresses }) => (await answer({ port, addresses })).joined === true,
    check() {
      if (Atomics.compareExchange(verdict, STATE, FOUND, TAKEN) === 0) return;
      throw lost(members[verdict[RANK] as number] as Member, kinds[verdict[KIND] as number] as Kind, limit);
    },
    async leave() {
      await answer({});
      await thread.terminate();
    },
  };
}
