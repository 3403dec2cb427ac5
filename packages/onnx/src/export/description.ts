import type { Flow } from "@flowify/core";
import { OPSET } from "jax-to-onnx/internal";
import { type Agreement, farthest } from "./agreement.js";
import type { ExportedProgram } from "./exported.js";

/** A program in its file. */
export type WrittenProgram = Readonly<{
  program: ExportedProgram;
  file: string;
  bytes: number;
  agreements?: readonly Agreement[];
}>;

/** The document next to exported files: examples, latents, ledger, and the inputs and outputs of each file. */
export const describeExport = (
  { inShape, latentShape, domain, condition, dimensions, exact, likelihood, ledgerLines }: Flow,
  written: readonly WrittenProgram[],
  { network, step }: Readonly<{ network: string; step: number }>,
) => ({
  format: "flowify-export",
  version: 1,
  network,
  step,
  opset: OPSET,
  examples: { shape: inShape, levels: domain.levels ?? null },
  ...(condition && { condition: { shape: condition.shape, levels: condition.levels ?? null } }),
  latents: { shape: latentShape },
  dimensions,
  exact,
  likelihood,
  ledger: ledgerLines,
  programs: written.map(({ program, file, bytes, agreements }) => ({
    name: program.name,
    file,
    bytes,
    ...(program.batch !== undefined && { batch: program.batch }),
    inputs: program.inputs,
    outputs: program.outputs,
    ...(agreements && { largestDifference: farthest(agreements)?.largest }),
  })),
});
