import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { loadRuntime, type Runtime } from "@flowify/onnx";
import { startPlayground } from "@flowify/playground/browser";

/** The columns of rows: texts, or numbers with null where one is missing. */
export type DetectorColumns = Readonly<Record<string, readonly (string | number | null)[]>>;

/** What a graph returns for the rows. */
export type Judged = Readonly<Record<"score" | "p" | "flag", readonly number[]>>;

const execute = promisify(execFile);
const runtime = fileURLToPath(new URL("../../node_modules/onnxruntime-web/dist", import.meta.url));
const script = fileURLToPath(new URL("run_detector.py", import.meta.url));

/** Runs a graph in onnxruntime-node. */
export async function inNode(graph: string, columns: DetectorColumns): Promise<Judged> {
  const { InferenceSession, Tensor } = await loadRuntime();
  const session = await InferenceSession.create(readFileSync(graph), { logSeverityLevel: 3 });
  const feeds = Object.entries(columns).map(([name, values]) => {
    const shape = [values.length, 1];
    if (values.some((value) => typeof value === "string"))
      return [name, new Tensor("string", values as string[], shape)] as const;
    const numbers = Float64Array.from(values, (value) => (value === null ? Number.NaN : Number(value)));
    return [name, new Tensor("float64", numbers, shape)] as const;
  });
  const { score, p, flag } = await session.run(Object.fromEntries(feeds));
  const numbersOf = (output: typeof score): number[] => Array.from(output!.data as Float32Array, Number);
  const judged = { score: numbersOf(score), p: numbersOf(p), flag: numbersOf(flag) };
  await session.release();
  return judged;
}

/** Runs a graph in onnxruntime-web on a page in Chromium, and a snippet that reads `deployed/detector.onnx`; gives what the snippet prints, too. */
export async function inChromium(
  graph: string,
  columns: DetectorColumns,
  snippet: string,
  folder: string,
): Promise<Judged & { printed: string }> {
  mkdirSync(join(folder, "deployed"), { recursive: true });
  cpSync(graph, join(folder, "deployed/detector.onnx"));
  for (const file of ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"])
    cpSync(join(runtime, file), join(folder, file));
  writeFileSync(join(folder, "snippet.js"), snippet);
  const map = JSON.stringify({ imports: { "onnxruntime-web": "./ort.wasm.min.mjs" } });
  writeFileSync(
    join(folder, "page.html"),
    `<!doctype html><title>detector</title><script type="importmap">${map}</script>`,
  );
  const served = await startPlayground({ folder });
  try {
    const page = await served.open("page.html");
    const printed: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "log") printed.push(message.text());
    });
    const judged = await page.evaluate(async (given) => {
      // by a name that the compiler of this file does not look for
      const [runtimeName, snippetName] = ["onnxruntime-web", "./snippet.js"];
      const ort = (await import(runtimeName)) as Runtime;
      const response = await fetch("deployed/detector.onnx");
      const session = await ort.InferenceSession.create(new Uint8Array(await response.arrayBuffer()));
      const feeds = Object.entries(given).map(([name, values]) => {
        const shape = [values.length, 1];
        if (values.some((value) => typeof value === "string"))
          return [name, new ort.Tensor("string", values as string[], shape)] as const;
        const numbers = Float64Array.from(values, (value) => (value === null ? Number.NaN : Number(value)));
        return [name, new ort.Tensor("float64", numbers, shape)] as const;
      });
      const { score, p, flag } = await session.run(Object.fromEntries(feeds));
      const [scores, ps, flags] = [score, p, flag].map((output) =>
        Array.from(output!.data as Float32Array, Number),
      );
      await import(snippetName);
      return { score: scores!, p: ps!, flag: flags! };
    }, columns);
    return { ...judged, printed: printed.join("\n") };
  } finally {
    await served.close();
  }
}

/** The same in Python's onnxruntime. */
export async function inPython(
  python: string,
  graph: string,
  columns: DetectorColumns,
  snippet: string,
  folder: string,
): Promise<Judged & { printed: string }> {
  mkdirSync(join(folder, "deployed"), { recursive: true });
  cpSync(graph, join(folder, "deployed/detector.onnx"));
  const [given, results, code] = ["columns.json", "results.json", "snippet.py"].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  writeFileSync(given, JSON.stringify(columns));
  writeFileSync(code, snippet);
  await execute(python, ["-I", script, graph, given, results], { timeout: 300_000 });
  const { stdout } = await execute(python, ["-I", code], { cwd: folder, timeout: 300_000 });
  return { ...(JSON.parse(readFileSync(results, "utf8")) as Judged), printed: stdout.trim() };
}
