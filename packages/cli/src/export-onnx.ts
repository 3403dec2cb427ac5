import { join } from "node:path";
import type { FlowModel } from "@flowify/core";
import { exportFlow } from "@flowify/onnx";
import { describeExport, fileOf } from "@flowify/onnx/browser";
import { jsonText } from "./files/atomic.js";
import { writeFiles } from "./runs/folder.js";

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
  const written = exportFlow(model.flow, model.params).map((program) => fileOf(program));
  const description = describeExport(model.flow, written, { network: "network", step: 0 });
  await writeFiles(folder, async (write) => {
    for (const { file, content } of written) await write(file, content);
    await write(DESCRIPTION, jsonText(description));
  });
  return written.map(({ file }) => join(folder, file));
}
