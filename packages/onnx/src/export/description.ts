import type { Flow } from "@flowify/core";
import { OPSET, toBytes } from "jax-to-onnx/internal";
import type { Comparison } from "./agreement.js";
import type { ExportedProgram } from "./exported.js";

/** A program as the content of its file. */
export type WrittenProgram = Readonly<{
  program: ExportedProgram;
  file: string;
  content: Uint8Array;
  comparison?: Comparison | undefined;
}>;

/** What a file says of the flow that it was written from. */
type Origin = Readonly<{ network: string; step: number }>;

/** The file of a program, which names its flow where that has a name. */
export function fileOf(program: ExportedProgram, origin?: Origin): WrittenProgram {
  const { name, target, graph } = program;
  const own = origin && { network: origin.network, step: String(origin.step) };
  const metadata = { ...own, program: name, target };
  return { program, file: `${name}.onnx`, content: toBytes({ ...graph, metadata }) };
}

/** The document next to exported files: examples, latents, ledger, and the inputs and outputs of each file. */
export const describeExport = (
  { inShape, latentShape, domain, condition, dimensions, exact, likelihood, ledgerLines }: Flow,
  written: readonly WrittenProgram[],
  { network, step }: Origin,
): Readonly<Record<string, unknown>> => ({
  format: "flowify-export",
  version: 1,
  network,
  step,
  opset: OPSET,
  examples: { shape: inShape, levels: domain.levels ?? null },
  ...(condition && {
    condition: {
      shape: condition.shape,
      levels: condition.levels ?? null,
      // rows that an observation does not have are NaN, or larger than 1e38
      ...(condition.fewerRows && { fewerRows: true }),
    },
  }),
  latents: { shape: latentShape },
  dimensions,
  exact,
  likelihood,
  ledger: ledgerLines,
  programs: written.map(({ program, file, content, comparison }) => ({
    name: program.name,
    file,
    bytes: content.length,
    inputs: program.inputs,
    outputs: program.outputs,
    ...(comparison && { largestDifference: comparison.outputs[0]?.largest }),
  })),
});
