import { createHash } from "node:crypto";
import { type Executor, FlowModel, flowify, zoo } from "@flowify/core";
import { sizeOf } from "@flowify/core/layer";
import { nativeExecutor } from "@flowify/onnx";
import type { Target } from "jax-to-onnx";
import type { LoweredGraph } from "jax-to-onnx/internal";
import { benchTrainer, imagesFor } from "./training.js";

/** What is compared of a graph: equal digests mean equal nodes in the same order. */
type GraphSummary = Readonly<{ digest: string; nodes: number; gigaflops: number; megabytes: number }>;

/** What is timed: a training step, or log p of images. */
export const kinds = ["step", "score"] as const;
export type Kind = (typeof kinds)[number];

/** Images of one scored batch. */
const BATCH = 256;

class Recorded extends Error {}

/** The graphs of programs by name. */
export type Graphs = Map<string, GraphSummary>;

/** An executor that lowers programs for several targets and runs none. */
async function recorder(targets: readonly Target[]): Promise<{ executor: Executor; graphs: Graphs[] }> {
  const graphs = targets.map((): Graphs => new Map());
  const native = await nativeExecutor({
    onLower({ name }, lowerFor) {
      targets.forEach((target, i) => graphs[i]?.set(name, summaryOf(lowerFor(target))));
      throw new Recorded();
    },
  });
  const executor: Executor = {
    ...native,
    async compile(...args) {
      try {
        return await native.compile(...args);
      } catch (error) {
        if (!(error instanceof Recorded)) throw error;
        const run = () => Promise.reject(error);
        return { traceMs: 0, compileMs: 0, flops: 0, run, dispose: () => Promise.resolve() };
      }
    },
  };
  return { executor, graphs };
}

/** The graphs of the programs of a step, or of log p of a batch, for each target. */
export async function graphsOf(network: string, kind: Kind, targets: readonly Target[]): Promise<Graphs[]> {
  const { executor, graphs } = await recorder(targets);
  const { run, dispose } = await open(network, kind, executor, { steps: 1, batches: 1 });
  if (kind === "score")
    await run().catch((error: unknown) => {
      if (!(error instanceof Recorded)) throw error;
    });
  await dispose();
  return graphs;
}

/** A step of a network, or log p of a few batches; and how to end it, with its executor. */
export async function open(
  network: string,
  kind: Kind,
  executor: Executor,
  { steps, batches }: Readonly<{ steps: number; batches: number }>,
): Promise<Readonly<{ run(): Promise<unknown>; dispose(): Promise<void> }>> {
  const ended = async (work: { dispose(): Promise<void> }): Promise<void> => {
    await work.dispose();
    await executor.dispose();
  };
  if (kind === "step") {
    const trainer = await benchTrainer(network, executor, steps);
    return { run: () => trainer.step(), dispose: () => ended(trainer) };
  }
  const flow = flowify(zoo(network));
  const size = sizeOf(flow.inShape);
  const { images } = await imagesFor(network, size);
  const model = await FlowModel.create(flow, executor, { seed: 7 });
  const some = images.subarray(0, BATCH * batches * size);
  return { run: () => model.logProb(some), dispose: () => ended(model) };
}

function summaryOf({ nodes, constants, flops, bytes }: LoweredGraph): GraphSummary {
  const hash = createHash("sha256");
  hash.update(JSON.stringify(nodes.map(({ op, inputs, attributes }) => [op, inputs.length, attributes])));
  // names of values have numbers of their own: what matters is which node made them
  const makers = new Map(nodes.flatMap(({ outputs }, i) => outputs.map((name, k) => [name, `${i}:${k}`])));
  for (const { inputs } of nodes) hash.update(inputs.map((name) => makers.get(name) ?? "given").join());
  for (const { shape, data } of constants)
    hash.update(shape.join()).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return { digest: hash.digest("hex"), nodes: nodes.length, gigaflops: flops / 1e9, megabytes: bytes / 1e6 };
}

/** True if every program has the same graph. */
export const sameGraphs = (a: Graphs, b: Graphs): boolean =>
  a.size === b.size && [...a].every(([name, graph]) => b.get(name)?.digest === graph.digest);
