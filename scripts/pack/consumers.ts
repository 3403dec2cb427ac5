import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { writeTenLines } from "./ten-lines.js";

/** A program that uses core as in the guide. */
const coreProgram = `
import { fit as train, flowify, jaxExecutor, type FlowModel, type Network } from "@flowify/core";

export const network: Network = { inShape: [2], layers: [{ kind: "linear", out: 2 }, { kind: "rqSpline", bound: 3 }] };
export async function fit(points: number[][] | Float64Array): ReturnType<FlowModel["explain"]> {
  const flow = flowify(network, { density: "gaussian" });
  const executor = jaxExecutor();
  const model = await train(flow, points, { executor, steps: 2, batchSize: 4, validation: [[0, 1]], onStep: () => {} });
  const lines = await model.explain([0, 1], points);
  const total: number = (await model.logProb(new Float32Array([1, 2])))[0] ?? 0;
  console.log(total.toFixed(2), await model.sample(2, { seed: 1 }));
  return lines;
}
declare const console: { log(...values: unknown[]): void };
`;

/** A program that uses all packages. */
const nodeProgram = `
import { type Executor, flowify } from "@flowify/core";
import { convertOnnx, exportFlow, loadRuntime, nativeExecutor, openFile, type Runtime } from "@flowify/onnx";
import { readOnnx } from "@flowify/onnx/browser";
import { loadDataSet, openExecutor } from "flowify";
import { parseRunConfig } from "flowify/format";
import { network } from "./core.js";

export async function use(bytes: Uint8Array): ReturnType<typeof loadDataSet> {
  const executor: Executor = await nativeExecutor({ threads: 1 });
  const runtime: Runtime = await loadRuntime();
  await (await openFile(runtime, bytes)).dispose();
  await executor.dispose();
  const names = [convertOnnx, exportFlow, readOnnx, openExecutor, parseRunConfig, flowify(network)];
  if (names.length === 0) throw new Error("none");
  return loadDataSet({ name: "mnist" }, "test");
}
`;

const strictest = {
  strict: true,
  skipLibCheck: false,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  noEmit: true,
  target: "es2022",
};

/** Compiler settings for programs that use the packages, from the fewest ambient types on. */
const consumers = [
  {
    name: "core without types of Node or the DOM",
    files: ["core.ts"],
    options: { module: "nodenext", lib: ["es2022"], types: [] },
  },
  {
    name: "all packages with Node's types",
    files: ["core.ts", "node.ts", "detector.ts", "classifier.ts"],
    options: {
      module: "nodenext",
      lib: ["es2022"],
      types: ["node"],
      typeRoots: [resolve("node_modules/@types")],
    },
  },
  {
    name: "all packages in a page, by a bundler",
    files: ["core.ts", "node.ts"],
    options: {
      module: "esnext",
      moduleResolution: "bundler",
      target: "esnext",
      lib: ["esnext", "dom", "dom.iterable"],
      types: [],
    },
  },
] as const;

/** Writes the programs next to the installed packages; returns the compiler configurations with their descriptions. */
export function writeConsumers(home: string): { name: string; config: string }[] {
  const folder = join(home, "consumers");
  mkdirSync(folder);
  writeFileSync(join(folder, "core.ts"), coreProgram);
  writeFileSync(join(folder, "node.ts"), nodeProgram);
  writeTenLines(home, folder);
  return consumers.map(({ name, files, options }, i) => {
    const config = join(folder, `tsconfig.${i}.json`);
    writeFileSync(config, JSON.stringify({ compilerOptions: { ...strictest, ...options }, files }));
    return { name, config };
  });
}
