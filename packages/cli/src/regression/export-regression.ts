import { UsageError } from "@flowify/core";
import { exportFunction } from "@flowify/onnx/browser";
import type { numpy as np } from "@jax-js/jax";
import { toBytes } from "jax-to-onnx/internal";
import { lagName } from "../data/table/ordered-table.js";
import { gridName, zeroName } from "../data/table/series-units.js";
import { describedInput, type GraphColumn, type GraphUnit, tableGraph } from "../detect/detector-graph.js";
import { jsonText } from "../files/atomic.js";
import type { CommonFlags } from "../flags/shared.js";
import { valueAt } from "../places.js";
import { writeFiles } from "../runs/folder.js";
import { ownColumns, type TableColumn, tableColumns } from "../tables/columns/kinds.js";
import { number } from "../tables/columns/number.js";
import { formatCount } from "../ui/format.js";
import type { Terminal } from "../ui/terminal.js";
import type { Prediction } from "./columns.js";
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

/** The columns with the units of their series, where there are several: those of a column are inputs, `middle of x` and `step of x`. */
function withUnits(
  { schema }: Prediction,
  columns: readonly TableColumn[],
): (TableColumn & Pick<GraphColumn, "unit">)[] {
  const { series, lags = 0 } = schema.order ?? {};
  const units = new Map(
    (series?.measured ?? []).flatMap(({ name, grid, signless }) => {
      const unit = { middle: `middle of ${name}`, step: `step of ${name}`, grid, signless };
      const values = [name, ...Array.from({ length: lags }, (_, k) => lagName(name, k + 1))];
      return [
        ...values.map((each): [string, GraphUnit] => [each, { ...unit, is: "value" }]),
        [gridName(name), { ...unit, is: "grid" }] as [string, GraphUnit],
        [zeroName(name), { ...unit, is: "zero" }] as [string, GraphUnit],
      ];
    }),
  );
  return columns.map((column) => ({ ...column, unit: units.get(column.name) }));
}

/** What a description says of the inputs of a graph with these outputs. */
function describedInputs(columns: ReturnType<typeof withUnits>, outputs: readonly string[]) {
  const own = columns.filter(({ unit }) => (unit?.is ?? "value") === "value");
  const units = new Set(columns.flatMap(({ unit }) => (unit ? [unit.middle, unit.step] : [])));
  return [
    ...own.map((column) => describedInput(column, outputs)),
    ...[...units].map((name) => ({
      name,
      type: "float64",
      shape: ["batch", 1],
      meaning: "a unit of the series of the row",
    })),
  ];
}

type Outputs = NonNullable<Parameters<typeof tableGraph>[2]>["outputs"];

/** A graph of a function of these columns and of the parameters of the flows. */
function graphBytes(
  model: TableRegression,
  options: Options,
  { name, columns, outputs }: Readonly<{ name: string; columns: readonly GraphColumn[]; outputs: Outputs }>,
  f: (params: RegressionParams, cells: np.Array[]) => np.Array[],
): Uint8Array {
  const rows = exportFunction(
    {
      name,
      f: (params: unknown, x: np.Array) => f(params as RegressionParams, columnsOfRows(x, columns.length)),
      constants: paramsOf(model),
      input: { name: "x", shape: [columns.length] },
      outputs: outputs.map((output) => output.name),
    },
    options,
  );
  return toBytes(tableGraph(columns, rows, { name, outputs }));
}

/** `log-prob.onnx`: all columns in, log p of each that is predicted out. */
function logProbFile(model: TableRegression, options: Options): File {
  const { schema, predict } = model.prediction;
  const columns = withUnits(model.prediction, ownColumns(tableColumns(schema)));
  const names = predict.map((name) => `log p ${name}`);
  const outputs = names.map((name) => ({ name, type: "float32" as const, shape: ["batch"] }));
  const graph = { name: "log-prob", columns, outputs };
  const bytes = graphBytes(model, options, graph, (params, all) => {
    const cells = new Map(all.map((cell, i) => [columns[i]?.place ?? i, cell]));
    const logs = tableLogProb(model, params, cells);
    return columnsOfRows(logs, predict.length).map((log) => log.reshape([-1]));
  });
  return { name: graph.name, bytes, description: { inputs: describedInputs(columns, names), outputs } };
}

/** `sample.onnx`: given columns, normal noise and a uniform choice of a flow in, a value of each column that is predicted out. */
function sampleFile(model: TableRegression, options: Options): File {
  const { schema, predict } = model.prediction;
  const own = withUnits(model.prediction, ownColumns(tableColumns(schema)));
  const given = own.filter(({ name }) => !predict.includes(name));
  const noises = Array.from({ length: noisesOf(model) }, (_, i) => noiseColumn(`noise ${i + 1}`));
  const columns: GraphColumn[] = [...given, ...noises, noiseColumn("choice")];
  const outputs = predict.map((name) => {
    const unit = own.find((column) => column.name === name)?.unit;
    return { name, type: unit ? ("float64" as const) : ("float32" as const), shape: ["batch", 1], unit };
  });
  const graph = { name: "sample", columns, outputs };
  const bytes = graphBytes(model, options, graph, (params, all) => {
    const cells = new Map(given.map(({ place }, i) => [place, all[i] as np.Array]));
    const noise = all.slice(given.length, -1);
    const drawn = tableSample(model, params, cells, noise, all.at(-1) as np.Array);
    return drawn.map((value, t) => value.add(model.targets[t]?.column.origin ?? 0));
  });
  const numbers = (name: string, meaning: string) => ({
    name,
    type: "float64",
    shape: ["batch", 1],
    meaning,
  });
  return {
    name: graph.name,
    bytes,
    description: {
      inputs: [
        ...describedInputs(given, predict),
        ...noises.map(({ name }) => numbers(name, "normal noise")),
        numbers("choice", "uniform on [0, 1): which flow"),
      ],
      outputs: outputs.map(({ unit: _, ...output }, t) => {
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
    if (model.targets.some(({ place }) => place < 0))
      throw new UsageError(
        "a column that follows from a date cannot be exported as a target\npredict the date",
      );
    const { series } = model.prediction.schema.order ?? {};
    const files = [logProbFile, sampleFile].map((make) => make(model, target ? { target } : {}));
    const description = {
      format: "flowify-regression-graphs",
      version: 1,
      ...(series && {
        series: series.known.map(({ keys, units }) => ({
          ...Object.fromEntries(series.columns.map((name, k) => [name, keys[k]])),
          units: Object.fromEntries(
            series.measured.flatMap(({ name }, k) => {
              const [middle, step] = valueAt(units, k);
              return [
                [`middle of ${name}`, middle],
                [`step of ${name}`, step],
              ];
            }),
          ),
        })),
      }),
      graphs: files.map(({ name, description: own }) => ({ file: `${name}.onnx`, ...(own as object) })),
    };
    await writeFiles(out, async (write) => {
      for (const { name, bytes } of files) await write(`${name}.onnx`, bytes);
      await write(DESCRIPTION, jsonText(description));
    });
    const sizes = files.map(
      ({ name, bytes }) => `${name}.onnx, ${formatCount(Math.round(bytes.length / 1024))} KiB`,
    );
    terminal.say(`${sizes.join("; ")}; in ${out}`);
    terminal.document({ ...description, folder: out });
  });
}
