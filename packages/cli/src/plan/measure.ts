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
/**
 * The parts of each array of a step that the network is measured with: mostly large ones, since links let the first bytes of a
 * burst pass faster.
 */
const PARTS = [1 / 64, 1 / 4, 1 / 2, 1] as const;

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

/** The arrays that are summed up in a step: the numbers in each, and the rank that owns it. */
type Summed = Readonly<{ lengths: readonly number[]; owners: readonly number[] }>;

/** The part of a rank: its milliseconds without the sums, what is summed up, and how many numbers each rank owns of it. */
type Part = Readonly<{ computeMs: number; summed: Summed; owned: readonly number[] }>;

export type StepTimes = Readonly<{
  /**
   * A step of a rank, one of so many. For the ranks of this job, each does its own part, and the last one counts; for another
   * number, all do the first one's.
   */
  compute(ranks: number): Promise<Part>;
  /**
   * How much longer a step takes the first rank with all ranks of this job at work than with the others at rest; at least 1.
   */
  crowding(): Promise<number>;
  /** Milliseconds of a whole step of the ranks of this job. */
  whole(share: Share): Promise<number>;
}>;

/** The share of one of so many ranks, which sends and receives nothing; `summed` is what it would have summed up. */
function alone(part: number, of: number): { share: Share; summed: () => Summed } {
  let last: Summed = { lengths: [], owners: [] };
  const share: Share = {
    part,
    of,
    async sumTo(arrays, owners) {
      last = { lengths: arrays.map(({ length }) => length), owners };
    },
    spread: async () => {},
    compare: async () => {},
  };
  return { share, summed: () => last };
}

/** How many numbers each of so many ranks owns. */
function ownedOf({ lengths, owners }: Summed, ranks: number): number[] {
  const owned = new Array<number>(ranks).fill(0);
  for (const [i, owner] of owners.entries()) owned[owner] = (owned[owner] as number) + (lengths[i] as number);
  return owned;
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
  const timed = async (
    share: Share | undefined,
    after = async (): Promise<void> => {},
    before = together,
  ): Promise<number> => {
    const trainer = await createTrainer({ ...options, ...(share && { share }), ...(state && { state }) });
    state ??= await trainer.state();
    const step = async (): Promise<void> => {
      await trainer.step();
      await after();
    };
    try {
      return await medianMs(step, before);
    } finally {
      await trainer.dispose();
    }
  };
  const trainer = await createTrainer(options);
  state = await trainer.state();
  const { parameters } = trainer;
  await trainer.dispose();
  return {
    async compute(ranks) {
      if (ranks === 1) {
        const summed = { lengths: [parameters], owners: [0] };
        return { computeMs: await timed(undefined), summed, owned: [parameters] };
      }
      const isThisJob = ranks === comm?.size;
      const { share, summed } = alone(isThisJob ? comm.rank : 0, ranks);
      const computeMs = await timed(share, isThisJob ? together : undefined);
      return { computeMs, summed: summed(), owned: ownedOf(summed(), ranks) };
    },
    async crowding() {
      if (comm === undefined) return 1;
      const { share } = alone(comm.rank, comm.size);
      const crowded = await timed(share);
      const rest = async (): Promise<void> => {};
      const single = comm.rank === 0 ? await timed(share, rest, rest) : crowded;
      await together();
      return Math.max(1, crowded / single);
    },
    whole: (share) => timed(share),
  };
}

/** The sums of a step between the ranks of this job, and of the same arrays cut to several sizes. */
export async function measureNetwork(comm: Communicator, { lengths, owners }: Summed): Promise<Timed[]> {
  const timed: Timed[] = [];
  for (const part of PARTS) {
    const cut = lengths.map((length) => Math.ceil(part * length));
    const arrays = cut.map((length) => new Float32Array(length));
    const sum = async (): Promise<void> => {
      await comm.sumTo(arrays, owners);
      await comm.spread(arrays, owners);
    };
    const ms = await medianMs(sum, () => comm.barrier());
    timed.push({ bytes: busiestBytes(ownedOf({ lengths: cut, owners }, comm.size)), ms });
  }
  return timed;
}
