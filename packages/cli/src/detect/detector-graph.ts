import { type GraphModel, type GraphNode, type Initializer, renamed } from "jax-to-onnx/internal";
import { valueAt } from "../places.js";
import type { TableColumn } from "../tables/columns/kinds.js";

/** The outputs: an input of one of these names gets `input ` in front. */
export const OUTPUTS = ["score", "p", "flag"] as const;

/** Codes of ONNX's types of float32 and float64. */
const [FLOAT, DOUBLE] = [1, 11];

/**
 * Inputs with the units of a series: its middle, and its usual step. A column `is` a value that is measured in them, the place of
 * zero in them, or how far apart whole numbers are in them; the last two have no input.
 */
export type GraphUnit = Readonly<{
  middle: string;
  step: string;
  is: "value" | "zero" | "grid";
  grid?: number | undefined;
  signless?: boolean | undefined;
}>;

/** A column of a graph: of a table, or one of noise. */
export type GraphColumn = Pick<TableColumn, "name" | "kind"> &
  Readonly<{
    found: Pick<TableColumn["found"], "origin" | "values" | "calendar">;
    unit?: GraphUnit | undefined;
  }>;

/** The name of a column's input in a graph with these outputs. */
export const graphInput = (
  { name }: Pick<GraphColumn, "name">,
  outputs: readonly string[] = OUTPUTS,
): string => (outputs.some((output) => output === name) ? `input ${name}` : name);

/** What a description says of a column's input in a graph with these outputs. */
export const describedInput = (column: TableColumn, outputs?: readonly string[]) => ({
  name: graphInput(column, outputs),
  column: column.name,
  type: column.kind.isText ? "string" : "float64",
  shape: ["batch", 1],
  meaning: column.kind.meaning,
});

/** One graph from the columns of a table to `score`, `p` and `flag`, [batch] each. `judge` computes them of `x`, encoded rows. */
export const detectorGraph = (columns: readonly GraphColumn[], judge: GraphModel): GraphModel =>
  tableGraph(columns, judge, {
    name: "detector",
    outputs: OUTPUTS.map((name) => ({ name, type: name === "flag" ? "int32" : "float32", shape: ["batch"] })),
  });

/**
 * One graph from the columns of a table to outputs of their rows. Numbers and days are float64 [batch, 1], NaN where they
 * are missing, and lose their origin; texts are strings [batch, 1], empty where they are missing, and become codes. Outputs with
 * a unit are numbers of the file, float64.
 *
 * @param rows from `x`, encoded rows, to the outputs
 */
export function tableGraph(
  columns: readonly GraphColumn[],
  rows: GraphModel,
  {
    name: graph,
    outputs,
  }: Readonly<{
    name: string;
    outputs: readonly (GraphModel["outputs"][number] & { unit?: GraphUnit | undefined })[];
  }>,
): GraphModel {
  const inputOf = (column: GraphColumn): string =>
    graphInput(
      column,
      outputs.map(({ name }) => name),
    );
  const nodes: GraphNode[] = [];
  const constants: Initializer[] = [];
  const texts: NonNullable<GraphModel["texts"]>[number][] = [];
  const node = (op: string, inputs: readonly string[], attributes: GraphNode["attributes"] = {}): string => {
    const name = `columns/${nodes.length}`;
    nodes.push({ op, domain: "", inputs, outputs: [name], attributes });
    return name;
  };
  const toFloat = (input: string): string => node("Cast", [input], { to: FLOAT });
  const constant = (value: number): string => {
    const name = `columns/number ${constants.length}`;
    constants.push({ name, type: "float64", shape: [1], data: Float64Array.of(value) });
    return name;
  };
  const encoded = columns.map((column, i) => {
    const { kind, found, unit } = column;
    if (unit) {
      const { middle, step, is, grid = 1 } = unit;
      const above = {
        value: () => node("Sub", [inputOf(column), middle]),
        zero: () => node("Neg", [middle]),
        grid: () => constant(grid),
      }[is]();
      return toFloat(node("Div", [above, step]));
    }
    if (!kind.isText) {
      const origin = constant(found.origin ?? 0);
      // of a date that was taken apart, the time is another column
      const input = found.calendar ? node("Floor", [inputOf(column)]) : inputOf(column);
      return toFloat(node("Sub", [input, origin]));
    }
    const values = (found.values ?? []).map((value) => value ?? "");
    const [words, codes, other] = [`columns/words ${i}`, `columns/codes ${i}`, `columns/other ${i}`];
    texts.push({ name: words, shape: [1, values.length], values });
    // Σ_k (k − K) [text = value k] + K: K where it is none of the values
    const data = Float32Array.from(values, (_, code) => code - values.length);
    constants.push({ name: codes, type: "float32", shape: [values.length, 1], data });
    constants.push({ name: other, type: "float32", shape: [1], data: Float32Array.of(values.length) });
    const known = toFloat(node("Equal", [inputOf(column), words]));
    return node("Add", [node("MatMul", [known, codes]), other]);
  });
  const [first, ...others] = encoded;
  const x = first !== undefined && others.length === 0 ? first : node("Concat", encoded, { axis: 1 });
  const own = (name: string): string => (name === "x" ? x : name === "" ? "" : `rows/${name}`);
  const computing = rows.nodes.map((each) => renamed(each, own));
  const given = nodes.length;
  /** A result in the numbers of the file. */
  const natural = (result: string, { middle, step, grid, signless }: GraphUnit): string => {
    const away = node("Mul", [node("Cast", [result], { to: DOUBLE }), step]);
    const round = (width: string) => node("Mul", [node("Round", [node("Div", [away, width])]), width]);
    const sum = node("Add", [grid === undefined ? away : round(constant(grid)), middle]);
    return signless ? node("Max", [sum, constant(0)]) : sum;
  };
  const results = rows.outputs.map(({ name }, i): GraphNode => {
    const { name: output, unit } = valueAt(outputs, i);
    const inputs = [unit ? natural(own(name), unit) : own(name)];
    return { op: "Identity", domain: "", inputs, outputs: [output], attributes: {} };
  });
  const inputsOf = (isText: boolean) =>
    [
      ...new Set(
        columns
          .filter(({ kind, unit }) => kind.isText === isText && (unit?.is ?? "value") === "value")
          .map(inputOf)
          .concat(isText ? [] : columns.flatMap(({ unit }) => (unit ? [unit.middle, unit.step] : []))),
      ),
    ].map((name) => ({ name, shape: ["batch", 1] as const }));
  return {
    name: graph,
    inputs: inputsOf(false).map((input) => ({ ...input, type: "float64" })),
    textInputs: inputsOf(true),
    outputs: outputs.map(({ unit: _, ...output }) => output),
    nodes: [...nodes.slice(0, given), ...computing, ...nodes.slice(given), ...results],
    constants: [...constants, ...rows.constants.map((each) => ({ ...each, name: own(each.name) }))],
    texts,
  };
}
