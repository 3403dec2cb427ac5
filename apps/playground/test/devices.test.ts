import { afterEach, expect, test } from "vitest";
import { expectProblem, type Playground, startPlayground } from "./browser.js";

let playground: Playground | undefined;
afterEach(async () => {
  await playground?.close();
  playground = undefined;
});

const SLOW = 120_000;
const layers = [
  { kind: "linear", out: 2 },
  { kind: "leakyRelu", slope: 0.5 },
  { kind: "linear", out: 2 },
];

/** Trains on a device; what the page then says of the density, and where it was computed. */
async function trained(device: string): Promise<{ logProb: number; where: string | null }> {
  const config = encodeURIComponent(JSON.stringify({ layers, steps: 5, device }));
  const page = await playground!.open(`#/plane?config=${config}`);
  await page.getByText("Trained: all 5 steps are taken.").waitFor({ timeout: SLOW });
  const text = await page.locator("#plane-log-prob").textContent();
  return {
    logProb: Number(text?.replace("−", "-")),
    where: await page.locator("#plane-device").textContent(),
  };
}

test("WebGPU and Wasm give the same numbers", { timeout: SLOW }, async () => {
  playground = await startPlayground({ webgpu: true });
  const onGpu = await trained("webgpu");
  const onCpu = await trained("wasm");
  expect(onGpu.where).toBe("WebGPU");
  expect(onCpu.where).toBe("Wasm");
  expect(onGpu.logProb).toBeCloseTo(onCpu.logProb, 3);
  // a software adapter is no reason to leave Wasm
  expect((await trained("auto")).where).toBe("Wasm");
});

test("images are trained by WebGPU to the numbers of Wasm", { timeout: SLOW }, async () => {
  playground = await startPlayground({ webgpu: true });
  const bpd: Record<string, number> = {};
  for (const device of ["webgpu", "wasm"]) {
    const config = encodeURIComponent(JSON.stringify({ widths: [8], steps: 3, device }));
    const page = await playground.open(`#/images?config=${config}`);
    await page.getByText("Trained: all 3 steps are taken.").waitFor({ timeout: SLOW });
    expect(await page.locator("#images-device").textContent()).toBe(device === "wasm" ? "Wasm" : "WebGPU");
    bpd[device] = Number(await page.locator("#images-bpd").textContent());
  }
  expect(bpd.webgpu).toBeCloseTo(bpd.wasm!, 2);
});

test("without WebGPU Wasm does it, also without threads; asking for it is answered in words", {
  timeout: SLOW,
}, async () => {
  playground = await startPlayground({ isolated: false });
  const page = await playground.open();
  expect(await page.evaluate(() => typeof SharedArrayBuffer)).toBe("undefined");
  expect((await trained("auto")).where).toBe("Wasm");
  const asked = await playground.open(
    `#/plane?config=${encodeURIComponent(JSON.stringify({ device: "webgpu" }))}`,
  );
  await expectProblem(asked, "WebGPU");
});
