import { convertOnnx, exportFlow, nativeExecutor, wasmExecutor } from "@flowify/onnx";
import { couplingFlow, FlowModel, fit, jaxExecutor, loadDataSet, loadModel, openExecutor } from "flowify";
import { arrayColumns, fitDetector, readTable, tableCells, tableFlow } from "flowify/tables";
import { expect, it } from "vitest";

type Loose = (...values: unknown[]) => unknown;
const loose = (f: unknown): Loose => f as Loose;

const executor = jaxExecutor();
const flow = couplingFlow(2, { blocks: 0 });
const rows = new Float32Array(40);

it.each<[string, () => unknown, string]>([
  ["fit", () => loose(fit)(flow, rows, 30), "fit: expected options { executor, steps,"],
  ["fit", () => loose(fit)(flow, rows, null), "found null"],
  ["loadModel", () => loose(loadModel)("run", { exectuor: 1 }), 'did you mean "executor"?'],
  ["loadDataSet", () => loose(loadDataSet)("mnist", "test"), 'expected a data set { name }, found "mnist"'],
  ["openExecutor", () => loose(openExecutor)("gpu"), 'openExecutor: unknown device "gpu"'],
  ["readTable", () => loose(readTable)("a.csv", { calender: ["day"] }), 'did you mean "calendar"?'],
  ["readTable", () => loose(readTable)("a.csv", { drop: "day" }), "readTable: drop: expected Array"],
  ["tableFlow", () => loose(tableFlow)({}, { netwrok: "stack" }), 'did you mean "network"?'],
  [
    "fitDetector",
    () => loose(fitDetector)(executor, rows, arrayColumns(2), { step: 3 }),
    'fitDetector: unknown option "step"; did you mean "steps"?',
  ],
  ["nativeExecutor", () => loose(nativeExecutor)({ thread: 2 }), 'did you mean "threads"?'],
  ["wasmExecutor", () => loose(wasmExecutor)({ thread: 2 }), 'did you mean "threads"?'],
  ["convertOnnx", () => loose(convertOnnx)({}, { outputs: "y" }), 'did you mean "output"?'],
  ["readTable", () => loose(readTable)(), "readTable: expected the path of a file, found undefined"],
  ["loadModel", () => loose(loadModel)(), "loadModel: expected the path of a folder, found undefined"],
  ["couplingFlow", () => loose(couplingFlow)("3"), 'number of columns, got "3"'],
  [
    "tableCells",
    () => loose(tableCells)({ columns: arrayColumns(3) }, rows.subarray(0, 4)),
    "tableCells: expected rows of 3 numbers, found 4",
  ],
])("%s refuses options that it does not have", async (_, call, message) => {
  const failed = await (async () => call())().catch((error: unknown) => error);
  expect(failed).toMatchObject({ code: "USAGE", message: expect.stringContaining(message) as string });
});

it("exports refuse them as well", async () => {
  const model = await FlowModel.create(flow, executor);
  expect(() => loose(exportFlow)(flow, model.params, { targets: 1 })).toThrow('did you mean "target"?');
  await model.dispose();
});
