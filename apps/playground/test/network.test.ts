import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { convertOnnx, readOnnx } from "@flowify/onnx";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommand } from "../../../packages/cli/test/run-command.js";
import { temporaryFolder } from "../../../packages/cli/test/temporary-folder.js";
import { digitsOf, expectPretrainedAsInNode, outputsOf, testLabels } from "./as-in-node.js";
import { audited } from "./audited.js";
import { expectProblem, follow, type Playground, startPlayground } from "./browser.js";
import { dense, onnxBytes, residual, unsupported } from "./onnx-files.js";
import { idle } from "./saved-run.js";

const root = temporaryFolder();
const write = (name: string, bytes: Uint8Array | string): string => {
  const path = join(root, name);
  writeFileSync(path, bytes);
  return path;
};
const file = (name: string, { nodes, weights }: Parameters<typeof files>[0]): string =>
  write(name, files({ nodes, weights }));
const files = ({
  nodes,
  weights,
}: {
  nodes: Parameters<typeof onnxBytes>[0];
  weights: Parameters<typeof onnxBytes>[1];
}) => onnxBytes(nodes, weights);

let playground: Playground;
beforeAll(async () => {
  playground = await startPlayground({ still: true });
});
afterAll(() => playground.close());

const drop = async (page: Page, ...paths: string[]): Promise<void> =>
  page.locator("#part-network input[type=file]").setInputFiles(paths);
const output = async (page: Page, id: string): Promise<number> =>
  Number(await page.locator(`#part-network output#${id}`).textContent());

/** The rows of the report as the page shows them. */
const rowsOf = async (page: Page): Promise<string[][]> => {
  await page.locator(".report").waitFor();
  return page
    .locator(".report tbody tr")
    .evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent ?? "")));
};

type Report = {
  layers: { from: string; to: string; exact: boolean; droppedDims: number; addedDims: number }[];
};

describe("the example", () => {
  it("is a density without a click, and comes back after a network of one's own", {
    tags: ["long"],
  }, async () => {
    const page = await playground.open("#/network");
    await page.locator("output#log-prob").waitFor({ timeout: 120_000 });
    const largest = page.locator("table[aria-label=Outputs] tr.largest th");
    expect(await largest.textContent()).toBe("7"); // the first test digit
    await page.getByRole("button", { name: "A handwritten 3" }).click();
    await idle(page, "network");
    expect(await largest.textContent()).toBe("3");
    await drop(page, file("net.onnx", dense));
    await page.locator("strong", { hasText: "net.onnx" }).waitFor();
    await page.getByRole("button", { name: "The example" }).click();
    await page.locator("strong", { hasText: "classifier.onnx" }).waitFor();
  });

  it("is guarded, and p falls while one scribbles", { tags: ["long"], timeout: 240_000 }, async () => {
    const page = await playground.open("#/network");
    await page.getByRole("button", { name: "Guard it" }).click();
    const p = page.locator("#part-network output#p-value");
    await p.waitFor({ timeout: 120_000 });
    await idle(page, "network");
    expect(Number(await p.textContent())).toBeGreaterThan(0.05); // the first test digit
    const { x, y, width, height } = (await page.locator("canvas.pad").boundingBox())!;
    await page.mouse.move(x + width / 20, y + height / 20);
    await page.mouse.down();
    for (let i = 0; i < 12; i++)
      await page.mouse.move(x + (width * (1 + 18 * (i % 2))) / 20, y + (height * (1 + 1.5 * i)) / 20);
    await expect.poll(async () => Number(await p.textContent()), { timeout: 20_000 }).toBeLessThan(0.05);
    await page.mouse.up();
  });

  it("is small, and gets 97 of 100 test digits right", { tags: ["long"] }, async () => {
    const bytes = readFileSync(new URL("../public/classifier.onnx", import.meta.url));
    expect(bytes.length).toBeLessThan(200_000);
    const { network } = convertOnnx(readOnnx(bytes));
    const labels = testLabels();
    const logits = await outputsOf(network, digitsOf("t10k"));
    const right = labels.filter((label, i) => {
      const row = logits.subarray(10 * i, 10 * (i + 1));
      return row.indexOf(Math.max(...row)) === label;
    });
    expect(Math.round((100 * right.length) / labels.length)).toBe(97);
  });
});

describe("a network of one's own", () => {
  // one page for all: each network, and each message, takes the place of the one before
  let opened: Page | undefined;
  const used = async (): Promise<Page> => {
    if (!opened || opened.isClosed()) opened = await playground.open("#/network");
    return opened;
  };

  for (const [name, content, tags] of [
    ["dense.onnx", dense, ["long"]],
    ["residual.onnx", residual, []],
  ] as const)
    it(`${name} gets the report that the command gives`, { tags: [...tags] }, async () => {
      const path = file(name, content);
      const page = await used();
      await drop(page, path);
      const shown = await rowsOf(page);
      const { stdout } = await runCommand([
        "convert",
        path,
        "--out",
        join(root, `${name}-out`),
        "--grain",
        "layer",
        "--json",
      ]);
      const some = (count: number): string => (count > 0 ? count.toLocaleString("en") : "");
      expect(shown).toEqual(
        (JSON.parse(stdout) as Report).layers.map(({ from, to, exact, droppedDims, addedDims }) => [
          from,
          to,
          some(droppedDims),
          some(addedDims),
          exact ? "exact" : "bound",
        ]),
      );
      expect(await output(page, "difference")).toBeLessThan(1e-5);
    });

  it.each<[string, () => string[], string]>([
    ["text", () => [write("text.onnx", "hello, I am no network")], "not an ONNX file"],
    ["another kind", () => [write("picture.png", "PNG")], "No ONNX file found (picture.png)"],
    ["an empty file", () => [write("empty.onnx", "")], "not an ONNX file"],
    ["two networks", () => [file("a.onnx", dense), file("b.onnx", dense)], "Found 2 ONNX files"],
    [
      "one that is cut short",
      () => [write("short.onnx", files(dense).subarray(0, 2000))],
      "not an ONNX file",
    ],
    ["a huge one", () => [huge("huge.onnx")], "too large for this page: 65.0 MiB"],
    [
      "many files",
      () => [file("c.onnx", dense), ...Array.from({ length: 120 }, (_, i) => write(`w${i}.bin`, "x"))],
      "121 files are too many",
    ],
  ])("refuses %s in words", async (_, paths, words) => {
    const page = await used();
    await drop(page, ...paths());
    await expectProblem(page, words);
  });

  it("whose operator has no rule is refused with the operator and its node", async () => {
    const page = await used();
    await drop(page, file("odd.onnx", unsupported));
    await expectProblem(page, 'Cosh "q" (node 3): there is no rule for Cosh');
    expect(await page.locator("#part-network .problem").textContent()).not.toContain("--");
  });

  it("of two inputs, or of open sizes, is refused in words; of two outputs the first is taken", async () => {
    const page = await used();
    const { nodes, weights } = dense;
    await drop(page, write("inputs.onnx", onnxBytes(nodes, weights, { moreInputs: ["mask"] })));
    await expectProblem(page, "the graph has 2 inputs");
    await drop(page, write("open.onnx", onnxBytes(nodes, weights, { inShape: [1, "H", "W"] })));
    await expectProblem(page, "axis 2 has no size in the file");
    await drop(page, write("outputs.onnx", onnxBytes(nodes, weights, { moreOutputs: ["h"] })));
    expect((await rowsOf(page)).length).toBeGreaterThan(1);
    expect(await page.getByRole("alert").count()).toBe(0);
  });

  it("reads a digit, scores it as Node does, draws what it cannot tell apart, and is guarded", async () => {
    const path = file("net.onnx", dense);
    const page = await used();
    await drop(page, path);
    await rowsOf(page);
    await page.getByRole("button", { name: "Make it a density" }).click();
    await page.locator("output#log-prob").waitFor({ timeout: 60_000 });
    await page.getByRole("button", { name: "A handwritten 3" }).click();
    await idle(page, "network");

    await expectPretrainedAsInNode(page, path);

    await page.getByLabel("Preimages").fill("4");
    await page.getByRole("button", { name: "Sample preimages" }).click();
    await page.locator("output#preimages-difference").waitFor({ timeout: 60_000 });
    expect(await output(page, "preimages-difference")).toBeLessThan(1e-3);

    await page.getByRole("button", { name: "Guard it" }).click();
    await page.locator("#part-network output#p-value").waitFor({ timeout: 120_000 });
    const p = await output(page, "p-value");
    expect(p).toBeGreaterThan(0);
    expect(p).toBeLessThanOrEqual(1);
  });

  audited("network", () => opened!);

  it("reads a digit that is drawn by keys and by the pointer, as it then is", async () => {
    const page = await used();
    const outputs = (): Promise<string[]> =>
      page.locator("table[aria-label=Outputs] td.number").allTextContents();
    const pixels = (): Promise<string> =>
      page.locator("canvas.pad").evaluate((pad: HTMLCanvasElement) => pad.toDataURL());
    await page.getByRole("button", { name: "Clear" }).press("Enter");
    await idle(page, "network");
    const [blank, empty] = [await outputs(), await pixels()];

    const pad = page.locator("canvas.pad");
    await pad.focus();
    for (let i = 0; i < 8; i++) await page.keyboard.press("Shift+ArrowDown");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press(" ");
    await page.getByRole("button", { name: "Clear" }).focus();
    await idle(page, "network");
    const [byKeys, drawn] = [await outputs(), await pixels()];
    expect(byKeys).not.toEqual(blank);
    expect(drawn).not.toBe(empty);

    await pad.scrollIntoViewIfNeeded();
    const { x, y, width } = (await pad.boundingBox())!;
    await page.mouse.move(x + 0.2 * width, y + 0.3 * width);
    await page.mouse.down();
    await page.mouse.move(x + 0.8 * width, y + 0.3 * width, { steps: 6 });
    await page.mouse.up();
    await idle(page, "network");
    expect(await outputs()).not.toEqual(byKeys);
    expect(await pixels()).not.toBe(drawn);
  });

  it("refuses a hostile address in words", async () => {
    const config = encodeURIComponent(JSON.stringify({ count: "<img src=x onerror=alert(1)>" }));
    const page = await used();
    await follow(page, `#/network?config=${config}`);
    await expectProblem(page, "count");
    expect(await page.locator("main img").count()).toBe(0);
  });
});

function huge(name: string): string {
  const path = write(name, "");
  truncateSync(path, 65 * 2 ** 20);
  return path;
}
