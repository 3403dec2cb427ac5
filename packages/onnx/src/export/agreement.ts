import { fromBinary } from "@bufbuild/protobuf";
import { DeviceError, type Executor, type HostArray } from "@flowify/core";
import { treeLeaves } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import type { JsTree } from "@jax-js/jax";
import { nth } from "jax-to-onnx/internal";
import { ModelProtoSchema } from "onnx-buf";
import { CLOSE, type Difference, differenceOf } from "../difference.js";
import type { Runtime } from "../installed-runtime.js";
import { type ExportedProgram, specsOf } from "./exported.js";

/** Comparison of one output of an exported file with that of its flow. */
type Agreement = Difference & Readonly<{ batch: number; output: string }>;

/** Share of entries that a decoder may round to an adjacent level, for integer outputs. */
const ROUNDED = 1e-3;

/** True for decoded examples, which are integers. */
const isRounded = ({ output }: Agreement): boolean => output === "x";

/** Outputs that step: where a number is at a step, rounding decides. What they are steps of is compared. */
const STEPS: readonly string[] = ["p_value", "flag"];

/** True for a difference that exceeds rounding errors. */
const isWrong = (each: Agreement): boolean =>
  isRounded(each)
    ? each.largest === Number.POSITIVE_INFINITY || each.differing > ROUNDED
    : each.largest > CLOSE;

/** An exported file beside its flow: every output for every batch size, the largest difference first. */
export type Comparison = Readonly<{
  outputs: readonly Agreement[];
  /** The first output that differs by more than rounding errors. */
  wrong: Agreement | undefined;
}>;

/** A runtime with an exported file: maps inputs by name to outputs by name. */
export type FileRunner = Readonly<{
  run(inputs: { readonly [name: string]: HostArray }): Promise<{ readonly [name: string]: Float32Array }>;
  dispose(): Promise<void>;
}>;

/**
 * Opens the bytes of a file in ONNX Runtime.
 *
 * @throws DeviceError if this ONNX Runtime cannot read it: damaged, or of a newer opset
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
    return `the file has opset ${opsetOf(bytes)}, this ONNX Runtime reads opsets up to ${newest}\nupdate onnxruntime-node, or write the file for an older opset`;
  return `ONNX Runtime cannot read the file: ${cause}`;
}

/** The opset version of a file. */
const opsetOf = (bytes: Uint8Array): bigint | undefined =>
  fromBinary(ModelProtoSchema, bytes).opsetImport.find(({ domain }) => domain === "")?.version;

/**
 * Runs an exported file and its function (in an executor) on the same random examples or latents and noise. Compares
 * every output, for every batch size.
 */
export async function compareExport(
  file: FileRunner,
  executor: Executor,
  { name, inputs, outputs, source }: ExportedProgram,
  batches: readonly number[],
): Promise<Comparison> {
  const found: Agreement[] = [];
  for (const batch of batches) {
    const args = source.example(batch, makeRng(batch));
    const compiled = await executor.compile(source.run, args.map(specsOf), { name });
    const placed = await compiled.run(args);
    const expected = treeLeaves<HostArray>(await executor.fetch<JsTree<HostArray>>(placed));
    executor.release(placed);
    await compiled.dispose();
    const leaves = args.flatMap((arg) => treeLeaves(arg));
    const given = new Map(source.names.map((each, i) => [each, nth(leaves, i)]));
    const results = await file.run(
      Object.fromEntries(inputs.map((input) => [input.name, given.get(input.name) as HostArray])),
    );
    outputs.forEach(({ name: output }, i) => {
      if (STEPS.includes(output)) return;
      const wanted = expected[i]?.data as Float32Array;
      found.push({ batch, output, ...differenceOf(wanted, results[output] ?? []) });
    });
  }
  found.sort((a, b) => b.largest - a.largest || b.differing - a.differing);
  return { outputs: found, wrong: found.find(isWrong) };
}
