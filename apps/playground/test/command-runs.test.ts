import { cpSync, mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noise, writeIdxFolder } from "../../../packages/cli/test/data/idx-files.js";
import { pngBytes } from "../../../packages/cli/test/data/picture-files.js";
import { runCommand } from "../../../packages/cli/test/run-command.js";
import { temporaryFolder } from "../../../packages/cli/test/temporary-folder.js";
import { shown } from "./as-in-node.js";
import { expectProblem, type Playground, seriousFindings, startPlayground } from "./browser.js";
import { unpacked } from "./saved-run.js";

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

const SLOW = { timeout: 120_000 };

/** The page, its own network ready. */
const begin = async (served = playground, config = {}): Promise<Page> => {
  const address = { running: false, widths: [8], ...config };
  const page = await served.open(`#/images?config=${encodeURIComponent(JSON.stringify(address))}`);
  await page.locator("#images-bpd", { hasText: /\d/ }).waitFor(SLOW);
  return page;
};
/** The page with a run chosen. */
const open = async (run: string, { served = playground, config = {} } = {}): Promise<Page> => {
  const page = await begin(served, config);
  await page.getByLabel("Open the folder of a run").setInputFiles(run);
  return page;
};
const step = (page: Page, is: number) =>
  page.locator("#images-step", { hasText: new RegExp(`^${is}$`) }).waitFor(SLOW);
/** Saves the run; the folder, and the bits per dimension that the page says of it. */
async function saved(page: Page, name: string): Promise<{ folder: string; bpd: number }> {
  const folder = await unpacked(page, "Save the run", join(root, name));
  const said = await page.getByText("run.zip has").textContent();
  return { folder, bpd: Number(/has ([\d.]+) bits/.exec(said ?? "")?.[1]) };
}
const evaluated = async (run: string, ...flags: string[]): Promise<number> => {
  const { stdout, stderr } = await runCommand(["evaluate", run, ...flags, "--json", "--quiet"]);
  expect(stderr).toBe("");
  return (JSON.parse(stdout) as { bpd: number }).bpd;
};

/** A copy of the run, changed. */
function changed(name: string, change: (folder: string) => void): string {
  const folder = join(root, name);
  cpSync(digits, folder, { recursive: true });
  change(folder);
  return folder;
}
const newest = "checkpoints/step-000000003";

/** One page for all that is refused: each message takes the place of the one before. */
let refusing: Page | undefined;

describe("a run of the command", () => {
  it("opens, is trained ten steps further, and is evaluated with the number of the page", async () => {
    const page = await open(digits);
    await step(page, 3);
    const { bpd } = await saved(page, "opened");
    expect(bpd).toBeCloseTo(await evaluated(digits, "--data", "mnist", "--limit", "128"), 4);

    await page.getByRole("button", { name: "Train", exact: true }).click();
    await page.getByText("Trained: all 13 steps are done.").waitFor(SLOW);
    const further = await saved(page, "further");
    expect(await evaluated(further.folder, "--limit", "128")).toBeCloseTo(further.bpd, 4);
    const out = ["--count", "4", "--out", join(root, "samples.png"), "--quiet"];
    expect((await runCommand(["sample", further.folder, ...out])).status).toBe(0);
    expect(await seriousFindings(page)).toEqual([]);
    refusing = page;
  });

  it("is trained on pictures of the reader, with WebGPU as well, and in Wasm once the GPU is lost", {
    tags: ["long"],
  }, async () => {
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
        const page = await open(small, { served, config: { device: device.toLowerCase() } });
        await page.getByText("takes images of 1 × 6 × 6").waitFor(SLOW);
        await page.getByLabel("Open pictures").setInputFiles([...paths, words]);
        await page.getByText("12 pictures. Not readable as pictures: words.txt.").waitFor(SLOW);
        await step(page, 3);
        expect(await page.locator("#images-device").textContent()).toBe(device);
        expect((await saved(page, `${device} opened`)).bpd).toBeCloseTo(wanted, close);
        const trainOn = async (): Promise<void> => {
          const before = await shown(page, "#images-step");
          await page.getByRole("button", { name: "Step", exact: true }).click();
          await page.getByText(`Step ${before + 1} of`).waitFor(SLOW);
          const { folder, bpd } = await saved(page, `${device}, step ${before + 1}`);
          expect(bpd).toBeCloseTo(await evaluated(folder, "--data", pictures), close);
        };
        await trainOn();
        if (device === "Wasm") continue;
        await served.loseGpu();
        await trainOn();
        expect(await page.locator("#images-device").textContent()).toBe("Wasm");
      }
    } finally {
      await withWebgpu.close();
    }
  });

  it("begins on the page as well", { tags: ["long"] }, async () => {
    const config = { running: false, widths: [8], side: 28, seed: 3 };
    const page = await playground.open(`#/images?config=${encodeURIComponent(JSON.stringify(config))}`);
    await page.locator("#images-bpd", { hasText: /\d/ }).waitFor(SLOW);
    const { folder, bpd } = await saved(page, "begun");
    expect(await evaluated(folder, "--limit", "128")).toBeCloseTo(bpd, 4);
  });
});

describe("what is no run", () => {
  it("is passed over where an older checkpoint is good", { tags: ["long"] }, async () => {
    const page = await open(
      changed("older", (folder) => truncateSync(join(folder, `${newest}.safetensors`), 1000)),
    );
    await page.getByText("an older checkpoint is used").waitFor();
    expect(await page.locator("#part-images").textContent()).toContain(
      "step-000000003.safetensors: cut short",
    );
    await step(page, 2);
  });

  const expectRefused = async (input: string, path: string, words: string): Promise<void> => {
    if (!refusing || refusing.isClosed()) refusing = await begin();
    await refusing.getByLabel(input).setInputFiles(path);
    await expectProblem(refusing, words);
    expect(await refusing.locator("main img").count()).toBe(0);
  };

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
  ])("is refused in words: %s", (name, change, words) =>
    expectRefused("Open the folder of a run", changed(`bad ${name}`, change), words),
  );

  it("is refused in words: a broken archive", async () => {
    const path = join(root, "broken.zip");
    writeFileSync(path, "PK, but no archive");
    await expectRefused("Open a run", path, "broken.zip is not a zip archive");
  });
});
