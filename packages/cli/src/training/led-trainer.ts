import {
  createTrainer,
  NotFiniteError,
  type Trainer,
  type TrainingState,
  type TrainOptions,
} from "@flowify/core";
import { broadcastBytes, type Communicator } from "../ranks/communicator.js";
import { decodeCheckpoint, encodeCheckpoint } from "../runs/checkpoint.js";

/** What rank 0 has all ranks do next. */
const commands = ["step", "state", "findRate", "rollBack", "end"] as const;
type Command = (typeof commands)[number];

const encoder = new TextEncoder();
const decoder = new TextDecoder();

async function command(comm: Communicator, name?: Command): Promise<Command> {
  const byte = Uint8Array.of(name === undefined ? 0 : commands.indexOf(name));
  await comm.broadcast(byte);
  return commands[byte[0] as number] as Command;
}

async function sendJson(comm: Communicator, value: unknown): Promise<void> {
  await broadcastBytes(comm, encoder.encode(JSON.stringify(value)));
}

async function receiveJson<T>(comm: Communicator): Promise<T> {
  return JSON.parse(decoder.decode(await broadcastBytes(comm, new Uint8Array()))) as T;
}

/** The state of rank 0, as the two files of a checkpoint: what arrives is verified as one. */
async function sendState(comm: Communicator, state: TrainingState): Promise<void> {
  const { data, sidecar } = await encodeCheckpoint({ network: "", state, metrics: [] });
  await broadcastBytes(comm, sidecar.bytes);
  await broadcastBytes(comm, data.bytes);
}

async function receiveState(comm: Communicator): Promise<TrainingState> {
  const text = decoder.decode(await broadcastBytes(comm, new Uint8Array()));
  const bytes = await broadcastBytes(comm, new Uint8Array());
  const path = "the state of rank 0";
  return (await decodeCheckpoint(path, text, async () => ({ path, bytes }))).state;
}

/**
 * The trainer of rank 0: whatever moves its state moves that of all ranks. The others begin with its state, and follow
 * its commands until `dispose`.
 */
export async function leadTrainer(trainer: Trainer, comm: Communicator): Promise<Trainer> {
  await sendState(comm, await trainer.state());
  return {
    get taken() {
      return trainer.taken;
    },
    async step() {
      await command(comm, "step");
      return trainer.step();
    },
    async findRate(rates) {
      await command(comm, "findRate");
      await sendJson(comm, rates);
      return trainer.findRate(rates);
    },
    async rollBack(to, failure) {
      await command(comm, "rollBack");
      const { step, layer, message } = failure;
      await sendJson(comm, { step, layer, message });
      await sendState(comm, to);
      return trainer.rollBack(to, failure);
    },
    async state() {
      await command(comm, "state");
      return trainer.state();
    },
    params: trainer.params,
    fitAgain: trainer.fitAgain,
    timings: trainer.timings,
    flops: trainer.flops,
    parameters: trainer.parameters,
    parts: trainer.parts,
    async dispose() {
      await command(comm, "end");
      await trainer.dispose();
    },
  };
}

/** Begins where rank 0 does, and takes its steps until it ends. */
export async function followTrainer(options: Omit<TrainOptions, "state">, comm: Communicator): Promise<void> {
  const trainer = await createTrainer({ ...options, state: await receiveState(comm) });
  const follow = {
    step: () => trainer.step(),
    state: () => trainer.state(), // for what rank 0 lacks
    findRate: async () => trainer.findRate(await receiveJson<number[]>(comm)),
    async rollBack() {
      const { step, layer, message } = await receiveJson<NotFiniteError>(comm);
      await trainer.rollBack(await receiveState(comm), new NotFiniteError(step, layer, message));
    },
  };
  for (;;) {
    const next = await command(comm);
    if (next === "end") break;
    try {
      await follow[next]();
    } catch (error) {
      // rank 0 has found the same, and decides what to do
      if (!(error instanceof NotFiniteError)) throw error;
    }
  }
  await trainer.dispose();
}
