import type { FlowModel } from "@flowify/core";
import { describeExport, exportFlow } from "@flowify/onnx/browser";
import { toBytes } from "jax-to-onnx/internal";
import { archive } from "./save-run.js";
import type { Progress } from "./session.js";

/** The ONNX files of a model with their description, in a zip archive, as `flowify export` writes them. */
export async function exportModel(
  model: FlowModel,
  { network, step }: Readonly<{ network: string; step: number }>,
  tell: (progress: Progress) => void,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; files: string[] }> {
  const programs = exportFlow(model.flow, model.params);
  const written = programs.map((program, i) => {
    const file = `${program.name}.onnx`;
    tell({ stage: file, done: i, of: programs.length });
    const metadata = { network, step: String(step), program: program.name, target: program.target };
    return { program, file, content: toBytes({ ...program.graph, metadata }) };
  });
  const description = describeExport(
    model.flow,
    written.map(({ program, file, content }) => ({ program, file, bytes: content.length })),
    { network, step },
  );
  const bytes = await archive({
    ...Object.fromEntries(written.map(({ file, content }) => [file, content])),
    "flowify.json": new TextEncoder().encode(`${JSON.stringify(description, null, 2)}\n`),
  });
  return { bytes, files: [...written.map(({ file }) => file), "flowify.json"] };
}
