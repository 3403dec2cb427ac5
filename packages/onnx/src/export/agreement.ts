import { ArraySpec, drawNoise, type Executor, type Flow, HostArray, makeRng } from "@flowify/core";
import { DType, type JsTree, tree } from "@jax-js/jax";
import type { Runtime } from "../runtime.js";
import type { ExportedProgram } from "./export-flow.js";

/** How an exported file compares with the flow that it was made from. */
export type Agreement = Readonly<{
  batch: number;
  /** The largest difference of an entry of the first result, as a part of the largest entry. */
  largest: number;
  /** The part of entries that differ by more than 1e-4 of the largest one. */
  differing: number;
}>;

const CLOSE = 1e-4;

/**
 * Runs the bytes of an exported program in ONNX Runtime, on random items or latents and drawn noise,
 * and the flow on the same, in an executor.
 */
export async function compareExport(
  runtime: Runtime,
  executor: Executor,
  { flow, params }: { flow: Flow; params: JsTree<HostArray> },
  program: ExportedProgram,
  bytes: Uint8Array,
  batches: readonly number[],
): Promise<Agreement[]> {
  const session = await runtime.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  try {
    const found: Agreement[] = [];
    for (const batch of batches) {
      const rng = makeRng(batch);
      const input = program.source.input && someInput(flow, program, batch, rng);
      const noise = drawNoise(program.source.noise, batch, rng);
      const args: JsTree<HostArray>[] = [params, ...(input ? [input] : []), noise];
      const specs = args.map((arg) =>
        tree.map((a) => new ArraySpec((a as HostArray).shape, (a as HostArray).dtype), arg as never),
      );
      const compiled = await executor.compile(program.source.run, specs, {
        name: program.name,
      });
      const placed = await compiled.run(args);
      const [expected] = tree.leaves((await executor.fetch(placed)) as never) as unknown as HostArray[];
      executor.release(placed);
      await compiled.dispose();
      const given = new Map<string, HostArray>();
      if (input && program.source.input) given.set(program.source.input.name, input);
      const drawn = tree.leaves(noise as never) as unknown as HostArray[];
      program.source.noiseNames.forEach((name, i) => given.set(name, drawn[i] as HostArray));
      const feeds = Object.fromEntries(
        program.inputs.map(({ name }) => {
          const { data, shape } = given.get(name) as HostArray;
          return [name, new runtime.Tensor("float32", data as Float32Array, [...shape])];
        }),
      );
      const results = await session.run(feeds);
      const actual = results[program.outputs[0]?.name ?? ""]?.data as Float32Array;
      found.push({ batch, ...difference(actual, (expected as HostArray).data as Float32Array) });
    }
    return found;
  } finally {
    await session.release();
  }
}

function someInput(
  flow: Flow,
  program: ExportedProgram,
  batch: number,
  rng: ReturnType<typeof makeRng>,
): HostArray {
  const { shape, role } = program.source.input as NonNullable<ExportedProgram["source"]["input"]>;
  const data = new Float32Array(batch * shape.reduce((a, b) => a * b, 1));
  rng.fillNormal(data);
  const { levels } = flow.domain;
  if (role === "items" && levels !== undefined) {
    rng.fillUniform(data);
    data.forEach((u, i) => {
      data[i] = Math.min(Math.floor(u * levels), levels - 1);
    });
  }
  return new HostArray(data, [batch, ...shape], DType.Float32);
}

function difference(actual: Float32Array, expected: Float32Array): Pick<Agreement, "largest" | "differing"> {
  const scale = expected.reduce((top, v) => Math.max(top, Math.abs(v)), 1e-30);
  let [largest, differing] = [0, actual.length === expected.length ? 0 : expected.length];
  expected.forEach((value, i) => {
    const off = Math.abs(value - (actual[i] ?? Number.NaN)) / scale;
    if (!(off <= CLOSE)) differing++;
    if (!(off <= largest)) largest = off;
  });
  return { largest, differing: differing / expected.length };
}
