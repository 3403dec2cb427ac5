import { join } from "node:path";
import type { FlowModel } from "@flowify/core";
import { exportFlow, toBytes, type WrittenProgram } from "@flowify/onnx";
import { describeExport } from "@flowify/onnx/browser";
import { writeFileAtomic } from "./files/atomic.js";
import { makeFolder } from "./runs/folder.js";

/** The document beside exported files. */
export const DESCRIPTION = "flowify.json";

/**
 * Writes a model as ONNX files into a folder: log p with its ledger, encode, decode and sample, for batches of any size;
 * `flowify.json` lists the inputs and outputs of each.
 *
 * @returns the paths of the ONNX files
 * @throws UnsupportedOpError that names the layer which ONNX cannot express
 *
 * @example
 * ```ts
 * import { couplingFlow, exportOnnx, fit } from "flowify";
 * const rows = Array.from({ length: 500 }, (_, i) => [Math.sin(i), Math.sin(i) ** 2 + 0.1 * Math.cos(7 * i)]);
 * const model = await fit(couplingFlow(2), rows, { steps: 20, seed: 7 });
 * console.log((await exportOnnx(model, "onnx"))[0]);
 * await model.dispose();
 * // onnx/log-prob.onnx
 * ```
 */
export async function exportOnnx(model: FlowModel, folder: string): Promise<readonly string[]> {
  const programs = exportFlow(model.flow, model.params);
  makeFolder(folder);
  const written: WrittenProgram[] = [];
  for (const program of programs) {
    const bytes = toBytes({ ...program.graph, metadata: { program: program.name, target: program.target } });
    const file = `${program.name}.onnx`;
    await writeFileAtomic(join(folder, file), bytes);
    written.push({ program, file, bytes: bytes.length });
  }
  const description = describeExport(model.flow, written, { network: "network", step: 0 });
  await writeFileAtomic(join(folder, DESCRIPTION), `${JSON.stringify(description, null, 2)}\n`);
  return written.map(({ file }) => join(folder, file));
}
