import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { LostRankError, type MeetingPlace, startWatch } from "../../src/ranks/watch.js";

const members = [0, 1].map((rank) => ({ rank, host: "there", pid: 100 + rank }));

/** What a watch says in the end. */
async function verdictOf(check: () => void): Promise<unknown> {
  for (let i = 0; i < 200; i++) {
    try {
      check();
    } catch (error) {
      return error;
    }
    await wait(20);
  }
  return undefined;
}

/** Rank 1 by hand: connected with rank 0, and silent from then on. */
async function joined({ port, token }: MeetingPlace): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.write(`${token} 1\n`);
  await once(socket, "data");
  return socket;
}

describe("watch", () => {
  it("names a rank whose connection ends without a farewell", async () => {
    const watch = await startWatch(members, 0, { limit: 30 });
    (await joined(watch.place!)).destroy();
    const error = await verdictOf(watch.check);
    expect(error).toBeInstanceOf(LostRankError);
    expect((error as Error).message).toBe(
      "rank 1 (there, process 101) ended without a message: it was killed, or ran out of memory",
    );
    await watch.leave();
  });

  it("names a rank that is silent for the limit", async () => {
    const watch = await startWatch(members, 0, { limit: 2 });
    const socket = await joined(watch.place!);
    expect(String(await verdictOf(watch.check))).toContain(
      "rank 1 (there, process 101) has not answered for 2 s: it is stopped, or its network is down",
    );
    socket.destroy();
    await watch.leave();
  });

  it("misses nobody who said farewell, on either side", async () => {
    const first = await startWatch(members, 0, { limit: 2 });
    const { token } = first.place!;
    const second = await startWatch(members, 1, { limit: 2, token });
    expect(await second.join(first.place!)).toBe(true);
    await wait(2500); // longer than the limit: both sides live
    second.check();
    first.check();
    await second.leave();
    await wait(100);
    first.check();
    await first.leave();
  });

  it("lets nobody in without the token, and does not join a stranger", async () => {
    const watch = await startWatch(members, 0, { limit: 30 });
    const stranger = connect({ port: watch.place!.port, host: "127.0.0.1" });
    stranger.write("hello 1\n");
    await once(stranger, "close");
    watch.check();
    const server = createServer((socket) => socket.end("welcome\n")).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const other = await startWatch(members, 1, { limit: 30, token: "t" });
    expect(await other.join({ port, token: "t", addresses: ["127.0.0.1"] })).toBe(false);
    server.close();
    await watch.leave();
    await other.leave();
  });
});
