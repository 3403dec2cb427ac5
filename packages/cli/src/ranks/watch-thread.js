/**
 * Watches whether the processes of a job live, in a thread of its own: it goes on while the process computes, and stands
 * still when the process does. Every process is connected with rank 0, and both send a byte each second. A connection
 * that ends without a farewell is a process that has ended; one that stays silent is a process that hangs. JavaScript, so
 * that Node starts it as it stands, from these sources as from a package.
 */
import { writeSync } from "node:fs";
import { connect, createServer } from "node:net";
import { parentPort, workerData } from "node:worker_threads";

const { rank, token, limit, verdict, texts } = workerData;

/** Places and values of the verdict, which the main thread reads. */
const [STATE, RANK, KIND] = [0, 1, 2];
const [NONE, FOUND, , SAID] = [0, 1, 2, 3];
const kinds = ["ended", "silent"];

const BEAT = "b";
const FAREWELL = "f";
const TICK_MS = 1000;
/** The main thread may say it for so long; then this thread does. */
const GRACE_MS = 300;
/** It has so long to end the process then. */
const END_MS = 10_000;
const CONNECT_MS = 2000;

/** Connections by the rank of the other side, with the ticks since its last byte. */
const peers = new Map();
let leaving = false;

function report(lost, kind) {
  if (leaving || Atomics.compareExchange(verdict, STATE, NONE, NONE) !== NONE) return;
  Atomics.store(verdict, RANK, lost);
  Atomics.store(verdict, KIND, kinds.indexOf(kind));
  Atomics.store(verdict, STATE, FOUND);
  setTimeout(() => {
    if (Atomics.compareExchange(verdict, STATE, FOUND, SAID) !== FOUND) return;
    writeSync(2, texts[kind][lost]);
    setTimeout(() => process.kill(process.pid, "SIGKILL"), END_MS);
  }, GRACE_MS);
}

/** Rank 0 is missed by all: rank 1 says so first, the others only where it does not. */
const inTurn = (kind, other) =>
  rank === 0 ? report(other, kind) : setTimeout(() => report(other, kind), (rank - 1) * TICK_MS);

function watch(socket, other) {
  const peer = { socket, silent: 0, gone: false };
  peers.set(other, peer);
  socket.setNoDelay(true);
  socket.on("data", (data) => {
    peer.silent = 0;
    if (data.includes(FAREWELL)) peer.gone = true;
  });
  socket.on("close", () => {
    if (!peer.gone) inTurn("ended", other);
    peer.gone = true;
  });
  socket.on("error", () => {}); // followed by "close"
}

setInterval(() => {
  for (const [other, peer] of peers) {
    if (peer.gone) continue;
    peer.socket.write(BEAT);
    peer.silent++;
    if (peer.silent === limit) inTurn("silent", other);
  }
}, TICK_MS);

/** The first line of a connection, and the socket. */
const greeting = (socket, use) => {
  socket.once("data", (data) => use(data.toString().split(/\s+/)));
  socket.on("error", () => socket.destroy());
};

function serve() {
  const server = createServer((socket) =>
    greeting(socket, ([said, other]) => {
      if (said !== token) return socket.destroy();
      socket.write(`${token}\n`);
      watch(socket, Number(other));
    }),
  );
  server.on("error", () => parentPort.postMessage({ port: 0 }));
  server.listen(0, () => parentPort.postMessage({ port: server.address().port }));
}

/** Connects to the first of these addresses where rank 0 answers. */
function join(port, [address, ...others]) {
  if (address === undefined) return parentPort.postMessage({ joined: false });
  const socket = connect({ port, host: address, timeout: CONNECT_MS });
  const next = () => {
    socket.destroy();
    join(port, others);
  };
  socket.once("timeout", next);
  socket.once("error", next);
  socket.once("connect", () => socket.write(`${token} ${rank}\n`));
  socket.once("data", (data) => {
    socket.removeAllListeners("timeout");
    socket.removeAllListeners("error");
    socket.setTimeout(0);
    if (data.toString().split("\n")[0] !== token) return next();
    watch(socket, 0);
    parentPort.postMessage({ joined: true });
  });
}

/** Says farewell to all, so that nobody misses this process. */
async function leave() {
  leaving = true;
  const open = [...peers.values()].filter(({ gone }) => !gone);
  for (const peer of open) peer.gone = true;
  await Promise.all(open.map(({ socket }) => new Promise((done) => socket.write(FAREWELL, done))));
  parentPort.postMessage({ left: true });
}

parentPort.on("message", ({ addresses, port }) => {
  if (addresses) join(port, addresses);
  else void leave();
});

if (rank === 0) serve();
