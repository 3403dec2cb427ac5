import { couplingFlow, createTrainer, type Executor, FlowModel } from "@flowify/core";
import { type Frame, HALF, SIDE } from "./protocol.js";

/** The brightest share of the cells is drawn alike. */
const BRIGHTEST = 0.005;

type LearnOptions = Readonly<{
  executor: Executor;
  /** x, y of each point. */
  points: Float32Array;
  steps: number;
  /** The steps after which there is a frame. */
  shown: readonly number[];
  onFrame: (frame: Frame) => void;
}>;

/** Midpoints of the cells. */
const grid = (): Float32Array =>
  Float32Array.from({ length: 2 * SIDE * SIDE }, (_, i) => {
    const cell = Math.floor(i / 2);
    const at = i % 2 === 0 ? cell % SIDE : SIDE - 1 - Math.floor(cell / SIDE);
    return HALF * ((2 * at + 1) / SIDE - 1);
  });

/** log p as brightness. */
function brightness(logProb: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const density = Float64Array.from(logProb, Math.exp);
  const top = density.toSorted()[Math.floor((1 - BRIGHTEST) * density.length)]!;
  return Uint8Array.from(density, (value) => 255 * Math.sqrt(Math.min(1, value / top)));
}

/** Learns the density of points by two couplings, few enough for a browser, and shows it on the way. */
export async function learnDensity({ executor, points, steps, shown, onFrame }: LearnOptions): Promise<void> {
  const flow = couplingFlow(2, { blocks: 1, hidden: 24, bins: 8 });
  const cells = grid();
  const count = points.length / 2;
  const data = { count, examples: points };
  const trainer = await createTrainer({
    flow,
    data,
    executor,
    steps,
    batchSize: Math.min(128, count),
    learningRate: 2e-2,
    seed: 7,
  });
  const model = new FlowModel(flow, await trainer.params(), executor, { moving: true });
  try {
    for (let step = 0; step <= steps; step++) {
      if (step > 0) await trainer.step();
      if (!shown.includes(step)) continue;
      await model.moveTo(await trainer.params());
      onFrame({ step, cells: brightness(await model.logProb(cells)) });
    }
  } finally {
    await model.dispose();
    await trainer.dispose();
  }
}
