import {
  createTrainer,
  type Executor,
  type Flow,
  type TrainingState,
  type TrainOptions,
} from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import type { Communicator } from "../ranks/communicator.js";
import { busiestBytes, type Timed } from "./cost-model.js";

type Share = NonNullable<TrainOptions["share"]>;

/** Calls before those that are measured, and measured ones, of which the median counts. */
const WARM = 3;
const MEASURED = 9;
/** Numbers of the Allreduces that the network is measured with, up to those of all gradients. */
const SIZES = [256, 4096, 65_536, 1_048_576] as const;

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function medianMs(call: () => Promise<unknown>, before: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < WARM + MEASURED; i++) {
    await before();
    const began = performance.now();
    await call();
    times.push(performance.now() - began);
  }
  return median(times.slice(WARM));
}

/** Random examples of a flow: levels of pixels, or normal numbers. */
function randomExamples({ domain }: Flow, count: number): TrainOptions["data"] {
  const rng = makeRng(1);
  const size = count * domain.shape.reduce((a, b) => a * b, 1);
  const { levels } = domain;
  const examples = Float32Array.from({ length: size }, () =>
    levels === undefined ? rng.normal() : Math.floor(levels * rng.uniform()),
  );
  return { examples, count };
}

export type StepTimes = Readonly<{
  /**
   * Milliseconds of a step of a rank without the sums, and how many numbers each of so many ranks owns. For the ranks of this
   * job, each does its own part, and the last one counts; for another number, all do the first one's.
   */
  compute(ranks: number): Promise<Readonly<{ computeMs: number; owned: readonly number[] }>>;
  /** Milliseconds of a whole step of the ranks of this job. */
  whole(share: Share): Promise<number>;
  /** Numbers that are added up in a step. */
  parameters: number;
}>;

/** The share of one of so many ranks, which sends and receives nothing; `owned` counts the numbers of each rank. */
function alone(part: number, of: number): { share: Share; owned: number[] } {
  const owned = new Array<number>(of).fill(0);
  const share: Share = {
    part,
    of,
    async sumTo(arrays, owners) {
      owned.fill(0);
      for (const [i, owner] of owners.entries())
        owned[owner] = (owned[owner] as number) + (arrays[i] as Float32Array).length;
    },
    spread: async () => {},
    compare: async () => {},
  };
  return { share, owned };
}

/** Prepares to measure steps of a flow on random examples; all ranks of a job call it, and what it returns, alike. */
export async function stepTimes(
  flow: Flow,
  executor: Executor,
  batchSize: number,
  comm: Communicator | undefined,
): Promise<StepTimes> {
  const together = async (): Promise<void> => comm?.barrier();
  const data = randomExamples(flow, Math.max(256, batchSize));
  const options = { flow, executor, data, batchSize, steps: 1000, learningRate: 1e-6, initExamples: 256 };
  let state: TrainingState | undefined;
  const timed = async (share: Share | undefined, after = async (): Promise<void> => {}): Promise<number> => {
    const trainer = await createTrainer({ ...options, ...(share && { share }), ...(state && { state }) });
    state ??= await trainer.state();
    const step = async (): Promise<void> => {
      await trainer.step();
      await after();
    };
    try {
      return await medianMs(step, together);
    } finally {
      await trainer.dispose();
    }
  };
  const trainer = await createTrainer(options);
  state = await trainer.state();
  const { parameters } = trainer;
  await trainer.dispose();
  return {
    parameters,
    async compute(ranks) {
      if (ranks === 1) return { computeMs: await timed(undefined), owned: [parameters] };
      const isThisJob = ranks === comm?.size;
      const { share, owned } = alone(isThisJob ? comm.rank : 0, ranks);
      return { computeMs: await timed(share, isThisJob ? together : undefined), owned };
    },
    whole: (share) => timed(share),
  };
}

/** Sums of several sizes between the ranks of this job, up to so many numbers: each rank owns the same part of them. */
export async function measureNetwork(comm: Communicator, most: number): Promise<Timed[]> {
  const timed: Timed[] = [];
  for (const length of [...SIZES.filter((size) => size < most), most]) {
    const owners = Array.from({ length: comm.size }, (_, owner) => owner);
    const arrays = owners.map(() => new Float32Array(Math.ceil(length / comm.size)));
    const sum = async (): Promise<void> => {
      await comm.sumTo(arrays, owners);
      await comm.spread(arrays, owners);
    };
    const ms = await medianMs(sum, () => comm.barrier());
    timed.push({ bytes: busiestBytes(arrays.map(({ length }) => length)), ms });
  }
  return timed;
}
