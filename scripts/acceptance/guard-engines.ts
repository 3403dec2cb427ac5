import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadRuntime, loadWasmRuntime, type Runtime } from "@flowify/onnx";
import { inChromium } from "../in-chromium.js";
import { atMost, holds, notRun, powers, type Row } from "./check.js";
import { printedByPython, pythonWith } from "./node.js";

const script = fileURLToPath(new URL("guard_p.py", import.meta.url));

/** Inputs of a file, and the sizes of one with its batch of 1. */
export type Inputs = Readonly<{ name: string; numbers: Float32Array; shape: readonly number[] }>;

/** All outputs of inputs, one at a time. */
export async function runEach(
  { InferenceSession, Tensor }: Runtime,
  file: string,
  { name, numbers, shape }: Inputs,
): Promise<Record<string, Float32Array[]>> {
  const session = await InferenceSession.create(readFileSync(file), { logSeverityLevel: 3 });
  const size = shape.reduce((product, each) => product * each);
  const found: Record<string, Float32Array[]> = {};
  for (let i = 0; i < numbers.length; i += size) {
    const x = new Tensor("float32", numbers.subarray(i, i + size), shape);
    for (const [output, { data }] of Object.entries(await session.run({ [name]: x }))) {
      found[output] ??= [];
      found[output].push(Float32Array.from(data as ArrayLike<number>));
    }
  }
  await session.release();
  return found;
}

/** p of the inputs in Chromium, by onnxruntime-web. */
async function pInChromium(folder: string, file: string, { numbers, shape }: Inputs) {
  mkdirSync(folder, { recursive: true });
  cpSync(file, join(folder, "guarded.onnx"));
  writeFileSync(join(folder, "inputs.bin"), numbers);
  const code = `import * as ort from "onnxruntime-web";
ort.env.wasm.numThreads = 1;
const bytes = async (name) => (await fetch(name)).arrayBuffer();
const session = await ort.InferenceSession.create(new Uint8Array(await bytes("guarded.onnx")));
const numbers = new Float32Array(await bytes("inputs.bin"));
const shape = ${JSON.stringify(shape)};
const size = shape.reduce((product, each) => product * each);
export const found = [];
for (let i = 0; i < numbers.length; i += size) {
  const x = new ort.Tensor("float32", numbers.slice(i, i + size), shape);
  found.push((await session.run({ [session.inputNames[0]]: x })).p_value.data[0]);
}
`;
  return (await inChromium<number[]>(folder, { "page.js": code }))?.found;
}

/** The same in Python. */
async function pInPython(folder: string, file: string, { numbers, shape }: Inputs) {
  const python = pythonWith("numpy", "onnxruntime");
  if (python === undefined) return undefined;
  mkdirSync(folder, { recursive: true });
  const inputs = join(folder, "inputs.f32");
  writeFileSync(inputs, numbers);
  const printed = await printedByPython(python, [script, file, inputs, JSON.stringify(shape)]);
  return JSON.parse(printed) as number[];
}

/** Largest difference of p between engines. */
const CLOSE = 1e-4;

/** The given and the guarded file in all engines: the bits of the given outputs, and p. */
export async function compareEngines(
  folder: string,
  given: string,
  guarded: string,
  inputs: Inputs,
): Promise<{ [what: string]: Row }> {
  const rows: { [what: string]: Row } = {};
  const p: Record<string, ArrayLike<number> | undefined> = {};
  const engines = { native: await loadRuntime(), Wasm: await loadWasmRuntime() };
  for (const [engine, each] of Object.entries(engines)) {
    const wanted = await runEach(each, given, inputs);
    const found = await runEach(each, guarded, inputs);
    const differ = Object.keys(wanted).filter(
      (name) =>
        !wanted[name]!.every((row, i) =>
          Buffer.from(row.buffer).equals(Buffer.from(found[name]![i]!.buffer)),
        ),
    );
    const figure = differ.length === 0 ? "the same bits" : `other bits of ${differ.join(", ")}`;
    rows[`given outputs, ${engine}`] = holds(differ.length === 0, figure, "the same bits");
    p[engine] = found.p_value!.map(([first]) => first!);
  }
  p.Python = await pInPython(join(folder, "python"), guarded, inputs);
  p.Chromium = await pInChromium(join(folder, "page"), guarded, inputs);
  for (const engine of ["Wasm", "Python", "Chromium"]) {
    const own = p[engine];
    const apart = Array.from(own ?? [], (value, i) => Math.abs(value - p.native![i]!));
    rows[`p, ${engine}, beside native`] = own
      ? atMost(Math.max(...apart), CLOSE, powers)
      : notRun(`no ${engine}`);
  }
  return rows;
}
