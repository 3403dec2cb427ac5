import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { loadRuntime, loadWasmRuntime, type Runtime } from "@flowify/onnx";
import { startPlayground } from "@flowify/playground/browser";
import { chromiumPath } from "@flowify/playground/chromium";
import { atMost, type Row } from "./check.js";
import { pythonWith } from "./python-runner.js";

const execute = promisify(execFile);
const script = fileURLToPath(new URL("guard_p.py", import.meta.url));
const runtime = resolve("node_modules/onnxruntime-web/dist");

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
async function inChromium(
  folder: string,
  file: string,
  { numbers, shape }: Inputs,
): Promise<number[] | undefined> {
  const chromium = chromiumPath();
  if (chromium === undefined) return undefined;
  process.env.CHROMIUM = chromium;
  mkdirSync(folder, { recursive: true });
  for (const each of ["ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"])
    cpSync(join(runtime, each), join(folder, each));
  cpSync(file, join(folder, "guarded.onnx"));
  writeFileSync(join(folder, "inputs.bin"), numbers);
  writeFileSync(join(folder, "page.html"), "<!doctype html><title>guard</title>");
  writeFileSync(
    join(folder, "page.js"),
    `import * as ort from "./ort.wasm.bundle.min.mjs";
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
`,
  );
  const served = await startPlayground({ folder });
  try {
    const opened = await served.open("page.html");
    return await opened.evaluate(async () => {
      const name = "./page.js"; // the compiler of this file does not look for it
      return ((await import(name)) as { found: number[] }).found;
    });
  } finally {
    await served.close();
  }
}

async function inPython(
  folder: string,
  file: string,
  { numbers, shape }: Inputs,
): Promise<number[] | undefined> {
  const python = pythonWith("numpy", "onnxruntime");
  if (python === undefined) return undefined;
  mkdirSync(folder, { recursive: true });
  const inputs = join(folder, "inputs.f32");
  writeFileSync(inputs, numbers);
  const { stdout } = await execute(python, ["-I", script, file, inputs, JSON.stringify(shape)], {
    timeout: 300_000,
    maxBuffer: 2 ** 26,
  });
  return JSON.parse(stdout) as number[];
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
    rows[`given outputs, ${engine}`] = {
      figure: differ.length === 0 ? "the same bits" : `other bits of ${differ.join(", ")}`,
      limit: "the same bits",
      verdict: differ.length === 0 ? "ok" : "FAILED",
    };
    p[engine] = found.p_value!.map(([first]) => first!);
  }
  p.Python = await inPython(join(folder, "python"), guarded, inputs);
  p.Chromium = await inChromium(join(folder, "page"), guarded, inputs);
  for (const engine of ["Wasm", "Python", "Chromium"]) {
    const own = p[engine];
    rows[`p, ${engine}, beside native`] = own
      ? atMost(Math.max(...Array.from(own, (value, i) => Math.abs(value - p.native![i]!))), CLOSE, (value) =>
          value.toExponential(1),
        )
      : { figure: `not run: no ${engine}`, limit: "", verdict: "open" };
  }
  return rows;
}
