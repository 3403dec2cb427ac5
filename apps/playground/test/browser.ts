import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import axe from "axe-core";
import { type BrowserContextOptions, chromium, type Locator, type Page } from "playwright-core";
import { build, type Plugin } from "vite";
import { builtOnce } from "../../../test/vitest/built-once.js";
import { chromiumPath } from "../chromium.js";

/** Where the page is served: under a path of its own, as on a host with many pages. */
export const PATH = "/some/where/";

/** Milliseconds that a test waits for something on the page: initial values take long on a busy machine. */
const PATIENCE = 120_000;

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".json": "application/json",
};

export type PlaygroundOptions = {
  /** WebGPU by SwiftShader. Default: none at all. */
  webgpu?: boolean;
  /** The headers that threads need. Default true. */
  isolated?: boolean;
  /** The reader asks for less motion, so that nothing trains unless the address asks for it. Default false. */
  still?: boolean;
  /** The folder to serve. Default: the page's build, once in a run of tests. */
  folder?: string;
};

export type Playground = Readonly<{
  url: string;
  /** The files of the build. */
  folder: string;
  /** A page in a fresh context (its own storage) that is at `hash`; the one before it is closed. */
  open(
    hash?: string,
    options?: BrowserContextOptions & { before?: (page: Page) => Promise<unknown> },
  ): Promise<Page>;
  /** Ends the process that does the work of the GPU, as a broken driver would. */
  loseGpu(): Promise<void>;
  /** Stops everything. Throws where a page had an uncaught error. */
  close(): Promise<void>;
}>;

/** Builds the page into a folder. */
export const buildPage = (folder: string, plugins: () => Plugin[] = () => []): Promise<unknown> =>
  build({
    root: fileURLToPath(new URL("..", import.meta.url)),
    logLevel: "error",
    build: { outDir: folder, emptyOutDir: true },
    plugins: plugins(),
    worker: { plugins },
  });

/** Has jax-js hash fast on the page, as in tests without a page. */
function hashesFast(): Plugin {
  const file = fileURLToPath(new URL("../../../test/vitest/replace-hashes.ts", import.meta.url));
  return {
    name: "hashes-fast",
    transform: (code, id) =>
      /@jax-js\/jax\/dist\/backend-[^/]*\.js$/.test(id)
        ? {
            code: `import { replaceHashes } from ${JSON.stringify(file)};\n${code}\nreplaceHashes(FpHash.prototype, AluExp.prototype);`,
            map: null,
          }
        : undefined,
  };
}

/** Builds the page, or takes a folder, serves it from a free port, and starts Chromium. */
export async function startPlayground({
  webgpu = false,
  isolated = true,
  still = false,
  folder: given,
}: PlaygroundOptions = {}): Promise<Playground> {
  const executablePath = chromiumPath();
  if (!executablePath) throw new Error("Chromium not found: install it, or set the variable CHROMIUM");
  const folder = given ?? (await builtOnce("page", (place) => buildPage(place, () => [hashesFast()])));
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    const file = path.endsWith("/") ? `${path}index.html` : path;
    const inside = file.startsWith(PATH) ? normalize(file.slice(PATH.length)) : "..";
    readFile(join(folder, inside.startsWith("..") ? "none" : inside)).then(
      (bytes) => {
        response.writeHead(200, {
          "Content-Type": types[extname(inside)] ?? "application/octet-stream",
          ...(isolated && {
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Embedder-Policy": "require-corp",
          }),
        });
        response.end(bytes);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${PATH}`;
  const browser = await chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      ...(webgpu
        ? ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"]
        : ["--disable-gpu"]),
    ],
  });
  const uncaught: string[] = [];
  return {
    url,
    folder,
    async open(hash = "", { before, ...options } = {}) {
      await Promise.all(browser.contexts().map((context) => context.close()));
      const page = await (
        await browser.newContext({
          reducedMotion: still ? "reduce" : "no-preference",
          // storing the page for a visit without a network costs a quarter of opening it
          serviceWorkers: "block",
          ...options,
        })
      ).newPage();
      page.setDefaultTimeout(PATIENCE);
      page.on("pageerror", (error) => uncaught.push(error.message));
      await before?.(page);
      await page.goto(`${url}${hash}`);
      return page;
    },
    async loseGpu() {
      await (await browser.newBrowserCDPSession()).send("Browser.crashGpuProcess");
    },
    async close() {
      await browser.close();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      if (uncaught.length > 0) throw new Error(`uncaught on the page: ${uncaught.join("; ")}`);
    },
  };
}

/** What an accessibility audit finds that is serious or critical: rules, and the elements that break them. */
export async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  // what passes is not described, which takes axe longer than to look
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run({ resultTypes: ["violations"] }),
  );
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => String(target)).join(", ")}`);
}

/** Replaces the workers of a page by ones that never answer, for what the page does alone. */
export const silentWorkers = (page: Page): Promise<unknown> =>
  page.addInitScript(() => {
    const Worker = class extends EventTarget {
      postMessage(): void {}
      terminate(): void {}
    };
    Object.assign(globalThis, { Worker });
  });

/** Changes the part of the address that describes what is shown, as a link in the page does. */
export const follow = (page: Page, hash: string): Promise<void> =>
  page.evaluate((next) => {
    location.hash = next;
  }, hash);

/** Waits for an error of the page, or of a part of it, that holds these words; fails where none comes. */
export const expectProblem = (page: Page | Locator, words: string): Promise<void> =>
  page.getByRole("alert").filter({ hasText: words }).waitFor({ timeout: 120_000 });
