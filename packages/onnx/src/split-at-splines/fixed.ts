import { type GraphModel, type LoweredGraph, sizeOf } from "jax-to-onnx/internal";
import type { InferenceSession } from "onnxruntime-node";
import type { Engine } from "../runtime.js";
import { nodesFor } from "./links.js";

/** True for values that depend only on constants: every stage can compute them, and ONNX Runtime does so once. */
export function fixedIn(graph: GraphModel): (name: string) => boolean {
  const fixed = new Set(graph.constants.map(({ name }) => name));
  for (const { op, inputs, outputs } of graph.nodes)
    if (!op.startsWith("Random") && inputs.every((name) => fixed.has(name)))
      for (const name of outputs) fixed.add(name);
  return (name) => fixed.has(name);
}

/** The numbers of float32 values that depend only on constants, computed once. */
export async function fixedNumbers(
  engine: Engine,
  graph: LoweredGraph,
  names: readonly string[],
  options: InferenceSession.SessionOptions,
): Promise<Map<string, ArrayLike<number>>> {
  const numbers = new Map<string, ArrayLike<number>>(
    graph.constants.flatMap(({ name, data }) =>
      names.includes(name) ? [[name, data as Float32Array] as const] : [],
    ),
  );
  const computed = [...new Set(names)].filter((name) => !numbers.has(name));
  if (computed.length === 0) return numbers;
  const { nodes, needed } = nodesFor(graph.nodes, computed);
  const outputs = computed.map((name) => ({ name, ...graph.typeOf(name) }));
  const { runtime } = engine;
  const file = engine.toBytes({
    name: `${graph.name}.fixed`,
    inputs: [],
    outputs,
    nodes,
    constants: graph.constants.filter(({ name }) => needed.has(name)),
  });
  const session = await runtime.InferenceSession.create(file, { ...options, enableProfiling: false });
  try {
    const results = outputs.map(({ name, shape }) => {
      const data = new Float32Array(sizeOf(shape));
      numbers.set(name, data);
      return [name, new runtime.Tensor("float32", data, shape)] as const;
    });
    await engine.run(session, {}, Object.fromEntries(results));
  } finally {
    await session.release();
  }
  return numbers;
}
