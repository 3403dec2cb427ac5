import { join } from "node:path";
import { UsageError } from "@flowify/core";
import { exportFunction } from "@flowify/onnx/browser";
import type { numpy as np } from "@jax-js/jax";
import { toBytes } from "jax-to-onnx/internal";
import { describedInput, type GraphColumn, tableGraph } from "../detect/detector-graph.js";
import { writeFileAtomic, writeJson } from "../files/atomic.js";
import type { CommonFlags } from "../flags/shared.js";
import { makeFolder } from "../runs/folder.js";
import { ownColumns, tableColumns } from "../tables/columns/kinds.js";
import { number } from "../tables/columns/number.js";
import { formatCount } from "../ui/format.js";
import type { Terminal } from "../ui/terminal.js";
import { noisesOf, paramsOf, type RegressionParams, tableLogProb, tableSample } from "./graph.js";
import { withRegression } from "./open-regression.js";
import type { TableRegression } from "./table-regression.js";

export const DESCRIPTION = "regression.json";

type Options = NonNullable<Parameters<typeof exportFunction>[1]>;
type File = Readonly<{ name: string; bytes: Uint8Array; description: unknown }>;

const noiseColumn = (name: string): GraphColumn => ({ name, kind: number, found: { origin: 0 } });

/** From x [B, columns] its columns, [B, 1] each. Consumes x. */
function columnsOfRows(x: np.Array, count: number): np.Array[] {
  const all = Array.from({ length: count }, (_, i) => x.ref.slice([], [i, i + 1]));
  x.dispose();
  return all;
}

/** `log-prob.onnx`: all columns in, log p of each that is predicted out. */
function logProbFile(model: TableRegression, options: Options): File {
  const { schema, predict } = model.prediction;
  const columns = ownColumns(tableColumns(schema));
  const outputs = predict.map((name) => `log p ${name}`);
  const f = (params: unknown, x: np.Array): np.Array[] => {
    const cells = new Map(columnsOfRows(x, columns.length).map((cell, i) => [columns[i]?.place ?? i, cell]));
    const logs = tableLogProb(model, params as RegressionParams, cells);
    return columnsOfRows(logs, predict.length).map((log) => log.reshape([-1]));
  };
  const rows = exportFunction(
    {
      name: "log-prob",
      f,
      constants: paramsOf(model),
      input: { name: "x", shape: [columns.length] },
      outputs,
    },
    options,
  );
  const results = outputs.map((name) => ({ name, type: "float32" as const, shape: ["batch"] }));
  const graph = tableGraph(columns, rows, { name: "log-prob", outputs: results });
  return {
    name: "log-prob",
    bytes: toBytes(graph),
    description: { inputs: columns.map((column) => describedInput(column, outputs)), outputs: results },
  };
}

/** `sample.onnx`: given columns, normal noise and a uniform choice of a flow in, a value of each column that is predicted out. */
function sampleFile(model: TableRegression, options: Options): File {
  const { schema, predict } = model.prediction;
  const given = ownColumns(tableColumns(schema)).filter(({ name }) => !predict.includes(name));
  const noises = Array.from({ length: noisesOf(model) }, (_, i) => noiseColumn(`noise ${i + 1}`));
  const columns: GraphColumn[] = [...given, ...noises, noiseColumn("choice")];
  const f = (params: unknown, x: np.Array): np.Array[] => {
    const all = columnsOfRows(x, columns.length);
    const cells = new Map(given.map(({ place }, i) => [place, all[i] as np.Array]));
    const drawn = tableSample(
      model,
      params as RegressionParams,
      cells,
      all.slice(given.length, -1),
      all.at(-1) as np.Array,
    );
    return drawn.map((value, t) => value.add(model.targets[t]?.column.origin ?? 0));
  };
  const rows = exportFunction(
    {
      name: "sample",
      f,
      constants: paramsOf(model),
      input: { name: "x", shape: [columns.length] },
      outputs: predict,
    },
    options,
  );
  const results = predict.map((name) => ({ name, type: "float32" as const, shape: ["batch", 1] }));
  return {
    name: "sample",
    bytes: toBytes(tableGraph(columns, rows, { name: "sample", outputs: results })),
    description: {
      inputs: [
        ...given.map((column) => describedInput(column, predict)),
        ...noises.map(({ name }) => ({
          name,
          type: "float64",
          shape: ["batch", 1],
          meaning: "normal noise",
        })),
        { name: "choice", type: "float64", shape: ["batch", 1], meaning: "uniform on [0, 1): which flow" },
      ],
      outputs: results.map((output, t) => {
        const { values } = model.targets[t]?.column ?? {};
        return { ...output, ...(values && { meaning: "a place in values", values }) };
      }),
    },
  };
}

/** Writes a run of `flowify train --predict` as two ONNX files, with a description of their inputs and outputs. */
export async function exportRegression(
  folder: string,
  { out, target, ...flags }: CommonFlags & { out: string } & Options,
  terminal: Terminal,
): Promise<void> {
  await withRegression(folder, flags, terminal, async (model) => {
    if (model.prediction.schema.order?.series)
      throw new UsageError(
        `${folder}: a run with --series cannot be exported, its numbers are in units of each series\ntrain one without --series on the rows of one series`,
      );
    if (model.targets.some(({ place }) => place < 0))
      throw new UsageError(
        "a column that follows from a date cannot be exported as a target\npredict the date",
      );
    const files = [logProbFile, sampleFile].map((make) => make(model, target ? { target } : {}));
    makeFolder(out);
    for (const { name, bytes } of files) await writeFileAtomic(join(out, `${name}.onnx`), bytes);
    const description = {
      format: "flowify-regression-graphs",
      version: 1,
      graphs: files.map(({ name, description: own }) => ({ file: `${name}.onnx`, ...(own as object) })),
    };
    await writeJson(join(out, DESCRIPTION), description);
    const sizes = files.map(
      ({ name, bytes }) => `${name}.onnx, ${formatCount(Math.round(bytes.length / 1024))} KiB`,
    );
    terminal.say(`${sizes.join("; ")}; in ${out}`);
    terminal.document({ ...description, folder: out });
  });
}
