import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { noise, writeIdxFolder } from "../../../packages/cli/test/data/idx-files.js";
import { pngBytes } from "../../../packages/cli/test/data/picture-files.js";
import { runCommand } from "../../../packages/cli/test/run-command.js";
import { temporaryFolder } from "../../../packages/cli/test/temporary-folder.js";
import { type Playground, seriousFindings, startPlayground } from "./browser.js";
import { idle, unpacked } from "./saved-run.js";

// start values and training take their time on a busy machine
vi.setConfig({ testTimeout: 150_000 });

const root = temporaryFolder();
/** Small in parameters on images of any size, or one that drops most of the numbers. */
const networks = {
  digits: [{ kind: "dequantize" }, { kind: "actnorm" }, { kind: "flatten" }, { kind: "rqSpline" }],
  small: [{ kind: "dequantize" }, { kind: "flatten" }, { kind: "linear", out: 8 }, { kind: "rqSpline" }],
};

/** A run that the command has trained for three steps on images of this side. */
async function trained(name: keyof typeof networks, side: number): Promise<string> {
  const network = join(root, `${name}.json`);
  writeFileSync(network, JSON.stringify({ inShape: [1, side, side], layers: networks[name] }));
  const data = writeIdxFolder(join(root, `${name}-data`), { train: 64, test: 16, side, images: noise });
  const out = join(root, name);
  const options = [
    "--steps",
    "3",
    "--batch",
    "16",
    "--checkpoint-every",
    "2",
    "--pictures",
    "none",
    "--out",
    out,
    "--quiet",
  ];
  const { status, stderr } = await runCommand(["train", "--data", data, "--network", network, ...options]);
  // three steps end above a uniform distribution, of which there is a warning
  expect(stderr).not.toContain("error");
  expect(status).toBe(0);
  return out;
}

let playground: Playground;
let digits: string;
beforeAll(async () => {
  playground = await startPlayground({ still: true });
  digits = await trained("digits", 28);
});
afterAll(() => playground.close());

/** The page with a run open. */
const open = async (run: string, { served = playground, config = {} } = {}): Promise<Page> => {
  const page = await served.open(`#/exchange?config=${encodeURIComponent(JSON.stringify(config))}`);
  await page.getByLabel("Choose a folder", { exact: true }).setInputFiles(run);
  return page;
};
const output = async (page: Page, id: string): Promise<number> =>
  Number(await page.locator(`#part-exchange output#${id}`).textContent());
const evaluated = async (run: string, ...flags: string[]): Promise<number> => {
  const { stdout, stderr } = await runCommand(["evaluate", run, ...flags, "--json", "--quiet"]);
  expect(stderr).toBe("");
  return (JSON.parse(stdout) as { bpd: number }).bpd;
};

/** The ONNX files of an export, and what is said of them but for the comparison with ONNX Runtime. */
function exportIn(folder: string): Record<string, unknown> {
  const text = (name: string): string => readFileSync(join(folder, name), "latin1");
  const said = JSON.parse(text("flowify.json")) as { programs: { largestDifference?: number }[] };
  for (const program of said.programs) delete program.largestDifference;
  const names = readdirSync(folder).filter((name) => name.endsWith(".onnx"));
  return { said, ...Object.fromEntries(names.map((name) => [name, text(name)])) };
}

/** A copy of the run, changed. */
function changed(name: string, change: (folder: string) => void): string {
  const folder = join(root, name);
  cpSync(digits, folder, { recursive: true });
  change(folder);
  return folder;
}
const newest = "checkpoints/step-000000003";

describe("a run of the command", () => {
  it("opens, samples, is trained ten steps further, and is evaluated with the number of the page; its ONNX files are those of the command", async () => {
    const page = await open(digits);
    await page.locator("#part-exchange output#bpd").waitFor();
    await idle(page, "exchange");
    expect(await output(page, "step")).toBe(3);
    const mnist = ["--data", "mnist", "--limit", "128"];
    expect(await output(page, "bpd")).toBeCloseTo(await evaluated(digits, ...mnist), 4);
    expect(await page.getByRole("img", { name: "Samples of the run" }).count()).toBe(1);

    await page.getByRole("button", { name: "Train", exact: true }).click();
    await page.locator("output#step", { hasText: "13" }).waitFor({ timeout: 60_000 });
    await idle(page, "exchange");
    const shown = await output(page, "bpd");
    const saved = await unpacked(page, "Save the run", join(root, "saved"));
    expect(await evaluated(saved, "--limit", "128")).toBeCloseTo(shown, 4);
    const { status } = await runCommand([
      "sample",
      saved,
      "--count",
      "4",
      "--out",
      join(root, "samples.png"),
      "--quiet",
    ]);
    expect(status).toBe(0);
    const exported = await unpacked(page, "Export ONNX files", join(root, "onnx"));
    const out = join(root, "onnx-of-command");
    const exporting = await runCommand(["export", saved, "--out", out, "--quiet"]);
    expect(exporting.status).toBe(0);
    expect(exportIn(exported)).toEqual(exportIn(out));
    expect(await seriousFindings(page)).toEqual([]);
  });

  it("is measured and trained on pictures of the reader, with WebGPU as well, and in Wasm once the GPU is lost", async () => {
    const pictures = join(root, "pictures");
    for (const split of ["train", "test"]) mkdirSync(join(pictures, split), { recursive: true });
    const paths = await Promise.all(
      Array.from({ length: 12 }, async (_, i) => {
        const path = join(pictures, "test", `${String(i).padStart(2, "0")}.png`);
        writeFileSync(path, await pngBytes(i, 6, 6));
        cpSync(path, join(pictures, "train", basename(path)));
        return path;
      }),
    );
    const words = join(root, "words.txt");
    writeFileSync(words, "no picture");
    const small = await trained("small", 6);
    const wanted = await evaluated(small, "--data", pictures);
    const withWebgpu = await startPlayground({ webgpu: true });
    try {
      for (const [served, device, close] of [
        [playground, "Wasm", 4],
        [withWebgpu, "WebGPU", 3],
      ] as const) {
        const page = await open(small, {
          served,
          config: { device: device.toLowerCase(), count: 4, steps: 3 },
        });
        await page.getByText("Choose pictures to see").waitFor({ timeout: 60_000 });
        await idle(page, "exchange");
        expect(await page.locator("#part-exchange output#device").textContent()).toBe(device);
        await page.getByLabel("Choose pictures", { exact: true }).setInputFiles([...paths, words]);
        await page.getByText("12 pictures, 1 skipped: words.txt").waitFor({ timeout: 60_000 });
        expect(await output(page, "bpd")).toBeCloseTo(wanted, close);
        const trainTo = async (step: number): Promise<void> => {
          await page.getByRole("button", { name: "Train", exact: true }).click();
          await page
            .locator("#part-exchange output#step", { hasText: String(step) })
            .waitFor({ timeout: 120_000 });
          await idle(page, "exchange");
          const further = await unpacked(page, "Save the run", join(root, `${device}, step ${step}`));
          expect(await output(page, "bpd")).toBeCloseTo(await evaluated(further, "--data", pictures), close);
        };
        await trainTo(6);
        if (device === "Wasm") continue;
        await served.loseGpu();
        await trainTo(9);
        expect(await page.locator("#part-exchange output#device").textContent()).toBe("Wasm");
      }
    } finally {
      await withWebgpu.close();
    }
  });

  it("begins on the page as well", async () => {
    const page = await playground.open(`#/exchange?config=${encodeURIComponent('{"count":4,"seed":3}')}`);
    await page.getByRole("button", { name: "Start a run on digits" }).click();
    await page.locator("#part-exchange output#bpd").waitFor({ timeout: 120_000 });
    await idle(page, "exchange");
    const saved = await unpacked(page, "Save the run", join(root, "begun"));
    expect(await evaluated(saved, "--limit", "128")).toBeCloseTo(await output(page, "bpd"), 4);
  });

  it("is downloaded as a picture", async () => {
    const page = await open(digits);
    await page.getByRole("img", { name: "Samples of the run" }).waitFor();
    await idle(page, "exchange");
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download samples.png" }).click(),
    ]);
    expect(
      readFileSync(await download.path())
        .subarray(1, 4)
        .toString(),
    ).toBe("PNG");
  });
});

describe("what is no run", () => {
  it("is passed over where an older checkpoint is good", async () => {
    const page = await open(
      changed("older", (folder) => truncateSync(join(folder, `${newest}.safetensors`), 1000)),
    );
    await page.getByText("an older checkpoint is used").waitFor();
    expect(await page.locator("#part-exchange").textContent()).toContain(
      "step-000000003.safetensors: cut short",
    );
    expect(await output(page, "step")).toBe(2);
  });

  it.each<[string, (folder: string) => void, string]>([
    ["no configuration", (folder) => rmSync(join(folder, "config.json")), "config.json is missing"],
    [
      "a configuration that is no JSON",
      (folder) => writeFileSync(join(folder, "config.json"), "{"),
      "config.json: not JSON",
    ],
    [
      "a hostile configuration",
      (folder) => writeFileSync(join(folder, "config.json"), '{"network":"<img src=x onerror=alert(1)>"}'),
      "not the configuration of a run",
    ],
    [
      "no checkpoint",
      (folder) => rmSync(join(folder, "checkpoints"), { recursive: true }),
      "has no checkpoint",
    ],
    [
      "a checkpoint without its arrays",
      (folder) => {
        for (const step of [2, 3]) rmSync(join(folder, `checkpoints/step-00000000${step}.safetensors`));
      },
      "step-000000003.safetensors: missing",
    ],
    [
      "two runs at once",
      (folder) => cpSync(digits, join(folder, "another"), { recursive: true }),
      "Found 2 runs",
    ],
  ])("is refused in words: %s", async (name, change, words) => {
    const page = await open(changed(`bad ${name}`, change));
    expect(await page.getByRole("alert").first().textContent()).toContain(words);
    expect(await page.locator("main img").count()).toBe(0);
  });

  it("is refused in words: a broken archive", async () => {
    const path = join(root, "broken.zip");
    writeFileSync(path, "PK, but no archive");
    const page = await playground.open("#/exchange");
    await page.getByLabel("Choose files").setInputFiles(path);
    expect(await page.getByRole("alert").first().textContent()).toContain("broken.zip is not a zip archive");
  });
});
