import { type Executor, fit, flowify, UnsupportedOpError } from "@flowify/core";
import { preimagesOf } from "@flowify/core/internal";
import { convertOnnx, nativeExecutor, openOnnx, readOnnx } from "@flowify/onnx";
import { type Check, holds, type Row } from "./check.js";
import { CIFAR, examplesFor, GIVEN, type PretrainedFile, pretrainedFiles } from "./pretrained-files.js";

const STEPS = 200;
const ITEMS = 256;
const BATCH = 16;
/** Small step size: for images a layer drops hundreds of numbers, and a step of Adam moves all of them alike. */
const rateFor = ({ images }: PretrainedFile): number => (images === undefined ? 1e-3 : 1e-4);
/** Steps at both ends for comparing the mean loss. */
const ENDS = 20;
/** Examples that are mapped to the outputs and back. */
const BACK = 8;
/** Largest difference of the outputs after the round trip, relative to the largest of them. */
const CLOSE = 1e-3;

/**
 * The inverses of trained networks learn: 200 steps with the function frozen, on images of its training data if
 * available, otherwise on random inputs. The loss must stay finite and fall, and sampled inputs for some outputs must
 * have these outputs. Prints how many completed the path to their sample (`preimagesOf`).
 */
export const trainPretrained: Check = {
  name: "train-given",
  needs: [GIVEN, CIFAR],
  async run({ dir, file, say }) {
    const rows: { [what: string]: Row } = {};
    const executor = await nativeExecutor();
    for (const given of pretrainedFiles(dir, file)) {
      const started = performance.now();
      rows[given.file] = await rowOf(given, dir, executor);
      say(
        `${given.file}: ${rows[given.file]!.figure}, ${((performance.now() - started) / 1000).toFixed(0)} s`,
      );
    }
    await executor.dispose();
    return rows;
  },
};

const LIMIT = `falls; ≤ ${CLOSE.toExponential(0)} back`;

async function rowOf(given: PretrainedFile, dir: string, executor: Executor): Promise<Row> {
  try {
    const { losses, back, arrived } = await trained(given, dir, executor);
    const [first, last] = [mean(losses.slice(0, ENDS)), mean(losses.slice(-ENDS))];
    const ok = losses.every(Number.isFinite) && last < first && back <= CLOSE;
    const figure = `loss ${first.toFixed(1)} → ${last.toFixed(1)}, back within ${back.toExponential(0)}, ${arrived} of ${BACK} draws`;
    return holds(ok, figure, LIMIT);
  } catch (error) {
    const unsupported = error instanceof UnsupportedOpError;
    return holds(unsupported, unsupported ? `no rule for ${error.op}` : (error as Error).message, LIMIT);
  }
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

async function trained(
  given: PretrainedFile,
  dir: string,
  executor: Executor,
): Promise<{ losses: number[]; back: number; arrived: number }> {
  const { bytes, external } = openOnnx(given.path);
  const { network } = convertOnnx(readOnnx(bytes, external));
  const flow = flowify(network, { frozen: true });
  const examples = await examplesFor(given, flow.inShape, ITEMS, dir);
  const losses: number[] = [];
  const data = { examples, count: ITEMS };
  const model = await fit(flow, data, {
    executor,
    steps: STEPS,
    batchSize: BATCH,
    learningRate: rateFor(given),
    orthogonalRate: rateFor(given),
    seed: 1,
    onStep: ({ loss }) => void losses.push(loss),
  });
  try {
    const some = examples.subarray(0, BACK * flow.dimensions);
    const wanted = await model.encode(some, { mode: "deterministic" });
    const drawn = await preimagesOf(model, network, wanted, some, { seed: 1 });
    const found = await model.encode(drawn.examples, { mode: "deterministic" });
    const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const off = wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i]!)), 0);
    return { losses, back: off / largest, arrived: drawn.ways.filter((way) => way === 1).length };
  } finally {
    await model.dispose();
  }
}
