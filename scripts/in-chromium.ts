import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { startPlayground } from "@flowify/playground/browser";
import { chromiumPath } from "@flowify/playground/chromium";

type Files = Readonly<Record<string, string>>;

/** Most milliseconds of a module on a page. */
const LIMIT = 300_000;

/** Where a page of a folder finds onnxruntime-web, which is copied into it. */
function runtimeIn(folder: string): Files {
  for (const file of ["ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"])
    cpSync(join("node_modules/onnxruntime-web/dist", file), join(folder, file));
  return { "onnxruntime-web": "./ort.wasm.bundle.min.mjs" };
}

/**
 * Runs modules one after another on a page in Chromium in a folder with further files: what the first exports as
 * `found`, and what the last prints. Undefined without Chromium.
 * @param imports where packages are; without them, onnxruntime-web alone
 */
export async function inChromium<T>(
  folder: string,
  modules: Files,
  files: Files = {},
  imports?: Files,
): Promise<{ found: T; printed: string } | undefined> {
  const chromium = chromiumPath();
  if (chromium === undefined) return undefined;
  process.env.CHROMIUM = chromium;
  mkdirSync(folder, { recursive: true });
  for (const [name, code] of Object.entries({ ...files, ...modules }))
    writeFileSync(join(folder, name), code);
  const map = JSON.stringify({ imports: imports ?? runtimeIn(folder) });
  const html = `<!doctype html><title>page</title><script type="importmap">${map}</script>`;
  writeFileSync(join(folder, "page.html"), html);
  const served = await startPlayground({ folder });
  try {
    const page = await served.open("page.html", { serviceWorkers: "allow" });
    const printed: string[] = [];
    page.on("console", (message) => void printed.push(message.text()));
    const found: unknown[] = [];
    for (const name of Object.keys(modules)) {
      printed.length = 0;
      const url = `./${name}`;
      const ran = page.evaluate(async (own) => ((await import(own)) as { found?: unknown }).found, url);
      const late = wait(LIMIT, undefined, { ref: false }).then(() => {
        throw new Error(`${name}: not done on the page after ${LIMIT / 1000} s: ${printed.join("; ")}`);
      });
      found.push(await Promise.race([ran, late]));
    }
    return { found: found[0] as T, printed: printed.join("\n") };
  } finally {
    await served.close();
  }
}
