import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { startPlayground } from "@flowify/playground/browser";
import { chromiumPath } from "@flowify/playground/chromium";

const runtime = resolve("node_modules/onnxruntime-web/dist");

type Files = Readonly<Record<string, string>>;

/**
 * Runs modules one after another on a page in Chromium that has onnxruntime-web, in a folder with further files: what the first
 * exports as `found`, and what the last prints. Undefined without Chromium.
 */
export async function inChromium<T>(
  folder: string,
  modules: Files,
  files: Files = {},
): Promise<{ found: T; printed: string } | undefined> {
  const chromium = chromiumPath();
  if (chromium === undefined) return undefined;
  process.env.CHROMIUM = chromium;
  mkdirSync(folder, { recursive: true });
  for (const file of ["ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"])
    cpSync(join(runtime, file), join(folder, file));
  for (const [name, code] of Object.entries({ ...files, ...modules }))
    writeFileSync(join(folder, name), code);
  const map = JSON.stringify({ imports: { "onnxruntime-web": "./ort.wasm.bundle.min.mjs" } });
  const html = `<!doctype html><title>page</title><script type="importmap">${map}</script>`;
  writeFileSync(join(folder, "page.html"), html);
  const served = await startPlayground({ folder });
  try {
    const page = await served.open("page.html");
    const printed: string[] = [];
    page.on("console", (message) => void printed.push(message.text()));
    const found: unknown[] = [];
    for (const name of Object.keys(modules)) {
      printed.length = 0;
      const url = `./${name}`;
      found.push(await page.evaluate(async (own) => ((await import(own)) as { found?: unknown }).found, url));
    }
    return { found: found[0] as T, printed: printed.join("\n") };
  } finally {
    await served.close();
  }
}
