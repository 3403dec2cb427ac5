import { fromBinary } from "@bufbuild/protobuf";
import { DeviceError, type Executor, type HostArray, makeRng } from "@flowify/core";
import { tree } from "@jax-js/jax";
import { ModelProtoSchema } from "onnx-buf";
import type { Runtime } from "../installed-runtime.js";
import { type ExportedProgram, specsOf } from "./exported.js";

/** How an exported file compares with the flow that it was made from. */
export type Agreement = Readonly<{
  batch: number;
  /** The largest difference of an entry of the first result, as a part of the largest entry. */
  largest: number;
  /** The part of entries that differ by more than 1e-4 of the largest one. */
  differing: number;
}>;

const CLOSE = 1e-4;

/** A runtime that holds an exported file: results by name, for inputs by name. */
export type FileRunner = Readonly<{
  run(inputs: { readonly [name: string]: HostArray }): Promise<{ readonly [name: string]: Float32Array }>;
  dispose(): Promise<void>;
}>;

/**
 * The bytes of a file in ONNX Runtime.
 *
 * @throws DeviceError where this ONNX Runtime cannot read it: damaged, or of a newer opset
 */
export async function openFile(
  { InferenceSession, Tensor }: Runtime,
  bytes: Uint8Array,
): Promise<FileRunner> {
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 }).catch((cause: unknown) => {
    throw new DeviceError(unreadable(bytes, String(cause)), { cause });
  });
  return {
    async run(inputs) {
      const feeds = Object.entries(inputs).map(([name, { data, shape }]) => [
        name,
        new Tensor("float32", data as Float32Array, shape),
      ]);
      const results = Object.entries(await session.run(Object.fromEntries(feeds)));
      return Object.fromEntries(results.map(([name, { data }]) => [name, data as Float32Array]));
    },
    dispose: () => session.release(),
  };
}

function unreadable(bytes: Uint8Array, cause: string): string {
  const [, newest] = /till opset (\d+)/.exec(cause) ?? [];
  if (newest !== undefined)
    return `the file is of opset ${opsetOf(bytes)}, this ONNX Runtime reads opsets up to ${newest}\nupdate onnxruntime-node, or write the file for an older opset`;
  return `ONNX Runtime cannot read the file: ${cause}`;
}

/** The version of the operators that a file is made of. */
const opsetOf = (bytes: Uint8Array): bigint | undefined =>
  fromBinary(ModelProtoSchema, bytes).opsetImport.find(({ domain }) => domain === "")?.version;

/**
 * Runs an exported file on random items or latents and drawn noise, and the function behind it on
 * the same, in an executor.
 */
export async function compareExport(
  file: FileRunner,
  executor: Executor,
  { name, inputs, outputs, source }: ExportedProgram,
  batches: readonly number[],
): Promise<Agreement[]> {
  const found: Agreement[] = [];
  for (const batch of batches) {
    const args = source.example(batch, makeRng(batch));
    const compiled = await executor.compile(source.run, args.map(specsOf), { name });
    const placed = await compiled.run(args);
    const [expected] = tree.leaves((await executor.fetch(placed)) as never) as unknown as HostArray[];
    executor.release(placed);
    await compiled.dispose();
    const leaves = args.flatMap((arg) => tree.leaves(arg as never)) as unknown as HostArray[];
    const given = new Map(source.names.map((each, i) => [each, leaves[i] as HostArray]));
    const results = await file.run(
      Object.fromEntries(inputs.map((input) => [input.name, given.get(input.name) as HostArray])),
    );
    const actual = results[outputs[0]?.name ?? ""] as Float32Array;
    found.push({ batch, ...difference(actual, (expected as HostArray).data as Float32Array) });
  }
  return found;
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
