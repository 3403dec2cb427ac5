import type { FlowModel } from "@flowify/core";
import { describeExport, exportFlow, fileOf } from "@flowify/onnx/browser";
import { archive } from "./save-run.js";
import type { Progress } from "./session.js";

/** The ONNX files of a model with their description, in a zip archive, as `flowify export` writes them. */
export async function exportModel(
  model: FlowModel,
  origin: Readonly<{ network: string; step: number }>,
  tell: (progress: Progress) => void,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; files: string[] }> {
  const programs = exportFlow(model.flow, model.params);
  const written = programs.map((program, i) => {
    tell({ stage: `${program.name}.onnx`, done: i, of: programs.length });
    return fileOf(program, origin);
  });
  const description = describeExport(model.flow, written, origin);
  const bytes = await archive({
    ...Object.fromEntries(written.map(({ file, content }) => [file, content])),
    "flowify.json": new TextEncoder().encode(`${JSON.stringify(description, null, 2)}\n`),
  });
  return { bytes, files: [...written.map(({ file }) => file), "flowify.json"] };
}
