import type { DType, JsTree, numpy as np } from "@jax-js/jax";
import * as ort from "onnxruntime-node";
import { toBytes } from "../src/file.js";
import type { Graph } from "../src/graph.js";
import { type LoweredGraph, lower } from "../src/lower.js";
import type { GraphModel } from "../src/model.js";
import { ortCpu, type Target } from "../src/target.js";
import { trace } from "../src/trace.js";
import { HostArray } from "./host-array.js";
import { verify } from "./verify.js";

/** A program and its inputs. */
export type Program = Readonly<{
  name: string;
  f: (...args: np.Array[]) => JsTree<np.Array>;
  inputs: readonly HostArray[];
  /** Inputs that are the same in every run, and the orthogonal ones among them, by number. */
  fixed?: readonly number[];
  rotations?: readonly number[];
  itemwise?: boolean;
}>;

/** Results in ONNX Runtime, how often each pass acted, and the most elements of an array. */
export type Ran = Readonly<{
  results: HostArray[];
  acted: ReadonlyMap<string, number>;
  largest: number;
  flops: number;
}>;

/** Lowers a program for a target, verifies the graph after each pass, and runs it with `threads` inside an operator. */
export async function runLowered(each: Program, target: Target = ortCpu, threads = 1): Promise<Ran> {
  const { jaxpr, signature } = trace(each.f, each.inputs, each.name);
  try {
    const names = signature.inputs.map(({ name }) => name);
    const named = (places: readonly number[] = []) => new Set(places.map((i) => names[i] as string));
    const outputNames = signature.outputs.map(({ name }) => name);
    const graph = lower(jaxpr, {
      inputNames: names,
      outputNames,
      fixed: named(each.fixed),
      rotations: named(each.rotations),
      itemwise: each.itemwise ?? false,
      target,
      onPass: (pass, state) => checked(pass, state, names),
    });
    const { acted, flops } = graph;
    const largest = Math.max(
      ...graph.nodes.flatMap(({ outputs }) => outputs.map((name) => size(graph, name))),
    );
    return {
      results: await runGraph(graph, names, each.inputs, outputNames, threads),
      acted,
      largest,
      flops,
    };
  } finally {
    jaxpr.dispose();
  }
}

function checked(pass: string, graph: Graph, names: readonly string[]): void {
  try {
    verify(graph, names);
  } catch (cause) {
    throw new Error(`after ${pass}: ${String(cause)}`, { cause });
  }
}

const size = (graph: LoweredGraph, name: string): number =>
  graph.typeOf(name).shape.reduce((a, b) => a * b, 1);

async function runGraph(
  graph: GraphModel,
  names: readonly string[],
  inputs: readonly HostArray[],
  outputs: readonly string[],
  threads: number,
): Promise<HostArray[]> {
  const session = await ort.InferenceSession.create(toBytes(graph), {
    intraOpNumThreads: threads,
    logSeverityLevel: 3,
  });
  try {
    const feeds = inputs.map(({ data, shape, dtype }, i) => [
      names[i] as string,
      new ort.Tensor(dtype as "float32", data as Float32Array, [...shape]),
    ]);
    const found = await session.run(Object.fromEntries(feeds));
    return outputs.map((name) => {
      const { data, dims, type } = found[name] as ort.Tensor;
      return new HostArray(data as Float32Array, dims, type as DType);
    });
  } finally {
    await session.release();
  }
}
