import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { openExecutor } from "flowify";
import { build } from "vite";
import { learnDensity } from "../live/learn.js";
import { moons, PICTURE, SHOWN, STEPS, WORKER } from "../live/protocol.js";
import type { Pages } from "./pages.js";
import { workspace } from "./places.js";
import { snippetModules, snippetsOf } from "./snippets.js";

/** Trains the picture of the first screen, so that it is there before the reader's machine has computed anything. */
async function writePicture(file: string): Promise<void> {
  const frames: Uint8Array[] = [];
  const executor = await openExecutor("auto", { warn: (text) => console.warn(text) });
  await learnDensity({
    executor,
    points: moons(),
    steps: STEPS,
    shown: SHOWN,
    onFrame: ({ cells }) => void frames.push(cells),
  });
  await executor.dispose();
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, Buffer.concat(frames));
}

/** Builds the worker of the live pieces, with the examples of all pages, into a folder of the site. */
export async function buildLive(pages: Pages, site: string): Promise<void> {
  const snippets = [...pages].flatMap(([place, text]) =>
    typeof text === "string" ? snippetsOf(place, text) : [],
  );
  await build({
    configFile: false,
    root: workspace,
    publicDir: false,
    logLevel: "error",
    base: "./",
    resolve: { conditions: ["@flowify/source", "module", "browser", "development|production"] },
    worker: { format: "es" },
    build: {
      target: "es2023",
      outDir: join(site, dirname(WORKER)),
      emptyOutDir: true,
      modulePreload: false, // a worker has no document
      rolldownOptions: {
        input: { worker: `${workspace}src/live/worker.ts` },
        output: { entryFileNames: "[name].js" },
      },
    },
    plugins: [snippetModules(snippets)],
  });
  await writePicture(join(site, PICTURE));
}
