import { FlowModel, flowify, type HostArray, zoo } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import {
  type ExportedProgram,
  exportLogProb,
  type FileRunner,
  loadRuntime,
  loadWasmRuntime,
  nativeExecutor,
  openFile,
  ortCpu,
  portable,
  toBytes,
} from "@flowify/onnx";
import { tree } from "@jax-js/jax";
import { machine } from "./machine.js";
import { matrixProduct, median } from "./matrix-product.js";

/** log p of one batch by an exported file: medians of interleaved rounds, in multiples of g. */
export type ExportResult = {
  network: string;
  batch: number;
  nodes: { portable: number; ortCpu: number };
  nativePerG: { portable: number; ortCpu: number };
  wasmPerG: { portable: number; ortCpu: number };
  gMs: number;
  machine: string;
};

const BATCH = 256;
const ROUNDS = 7;
const targets = { portable, ortCpu } as const;
type Name = keyof typeof targets;
const names = Object.keys(targets) as Name[];

type Feeds = { readonly [name: string]: HostArray };

function feedsOf({ source, inputs }: ExportedProgram): Feeds {
  const leaves = source.example(BATCH, makeRng(5)).flatMap((arg) => tree.leaves(arg as never) as HostArray[]);
  const used = new Set(inputs.map(({ name }) => name));
  const named = source.names.map((name, i) => [name, leaves[i] as HostArray] as const);
  return Object.fromEntries(named.filter(([name]) => used.has(name)));
}

/** Times the exported log p of a network for both targets, in ONNX Runtime's native library and in WebAssembly. */
export async function benchExport(network: string): Promise<ExportResult> {
  const executor = await nativeExecutor();
  const flow = flowify(zoo(network));
  const model = await FlowModel.create(flow, executor, { seed: 7 });
  const programs = names.map((name) => exportLogProb(flow, model.params, { target: targets[name] }));
  await model.dispose();
  const g = await matrixProduct(executor);
  const cases: { run: () => Promise<unknown>; times: number[]; file: FileRunner }[] = [];
  for (const runtime of [await loadRuntime(), await loadWasmRuntime()])
    for (const program of programs) {
      const file = await openFile(runtime, toBytes(program.graph));
      const feeds = feedsOf(program);
      cases.push({ run: () => file.run(feeds), times: [], file });
    }
  const products: number[] = [];
  for (let round = -1; round < ROUNDS; round++)
    for (const { run, times } of cases) {
      const product = await g.time();
      const started = performance.now();
      await run();
      if (round < 0) continue; // warm
      times.push(performance.now() - started);
      products.push(product);
    }
  const gMs = median(products);
  const [a, b, c, d] = cases.map(({ times }) => median(times) / gMs) as [number, number, number, number];
  for (const { file } of cases) await file.dispose();
  await g.dispose();
  await executor.dispose();
  const [first, second] = programs as [ExportedProgram, ExportedProgram];
  return {
    network,
    batch: BATCH,
    nodes: { portable: first.graph.nodes.length, ortCpu: second.graph.nodes.length },
    nativePerG: { portable: a, ortCpu: b },
    wasmPerG: { portable: c, ortCpu: d },
    gMs,
    machine: machine(),
  };
}
