/** Files of jax-js functions in ONNX Runtime's build for browsers, on a page. */
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { examples, fileOf, ran } from "../../../packages/jax-to-onnx/test/examples.js";
import { type Playground, startPlayground } from "./browser.js";

const runtime = fileURLToPath(new URL("../../../node_modules/onnxruntime-web/dist", import.meta.url));

let folder: string;
let served: Playground;
let page: Page;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jax-to-onnx-"));
  for (const file of ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"])
    await cp(join(runtime, file), join(folder, file));
  for (const example of examples) await writeFile(join(folder, `${example.name}.onnx`), fileOf(example));
  await writeFile(
    join(folder, "index.html"),
    `<!doctype html><title>jax-to-onnx</title><script type="module">
    import * as ort from "./ort.wasm.min.mjs";
    globalThis.ort = ort;
  </script>`,
  );
  served = await startPlayground({ folder });
  page = await served.open();
  await page.waitForFunction(() => "ort" in globalThis);
});

afterAll(async () => {
  await served.close();
  await rm(folder, { recursive: true });
});

type Runtime = typeof import("onnxruntime-web");
type Feed = Readonly<{ name: string; data: number[]; shape: number[] }>;

/** Runs a file on the page: the numbers of each result. */
const runOnPage = (name: string, feeds: readonly Feed[]): Promise<number[][]> =>
  page.evaluate(
    async ({ file, given }) => {
      const { InferenceSession, Tensor } = (globalThis as unknown as { ort: Runtime }).ort;
      const session = await InferenceSession.create(file);
      const tensors = given.map(
        ({ name: input, data, shape }) =>
          [input, new Tensor("float32", Float32Array.from(data), shape)] as const,
      );
      const found = await session.run(Object.fromEntries(tensors));
      return session.outputNames.map((output) => Array.from(found[output]?.data as Float32Array));
    },
    { file: `${name}.onnx`, given: feeds },
  );

it.each(examples)(
  "$name",
  async (example) => {
    const { inputs, results } = ran(example, { batch: 3, length: 5 });
    const feeds = [...inputs].map(([name, { data, shape }]) => ({
      name,
      data: Array.from(data as Float32Array),
      shape: [...shape],
    }));
    const found = await runOnPage(example.name, feeds);
    expect(found.map(({ length }) => length)).toEqual(results.map(({ data }) => data.length));
    const off = results.flatMap(({ data }, i) =>
      Array.from(data, (value, k) => Math.abs(Number(value) - (found[i]?.[k] as number))),
    );
    expect(Math.max(...off)).toBeLessThan(3e-5);
  },
  120_000,
);
