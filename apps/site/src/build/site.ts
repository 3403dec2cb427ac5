/**
 * Builds the site into `apps/site/dist/site`, follows every link of it, and serves it.
 *
 *     npm run site
 *     npm run site -- --build --base /flowify/    only builds, for a host that serves it below this path
 *     npm run site -- --check                     builds, and measures the site in Chromium; pictures go to runs/site
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { PATH } from "@flowify/playground/browser";
import { build as buildPage, preview } from "vite";
import { build as buildSite } from "vitepress";
import { checkSite } from "./check.js";
import { brokenLinks } from "./links.js";
import { buildLive } from "./live.js";
import { llmsText } from "./llms.js";
import { writeServiceWorker } from "./offline.js";
import { type Pages, sitePages } from "./pages.js";
import { assembled, built, playground, workspace } from "./places.js";
import { referencePages } from "./reference.js";
import { sidebar, sidebars } from "./sidebar.js";

/** Writes the pages where VitePress reads them. */
function assemble(pages: Pages): Pages {
  rmSync(assembled, { recursive: true, force: true });
  process.env.SITE_SIDEBAR = JSON.stringify(sidebars(pages));
  for (const [place, content] of pages) {
    const file = join(assembled, place.endsWith(".md") ? "" : "public", place);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  cpSync(join(workspace, "public"), join(assembled, "public"), { recursive: true });
  return pages;
}

/** Throws where a link of the finished site leads nowhere. */
function followLinks(base: string): number {
  const files = readdirSync(built, { recursive: true, encoding: "utf8" }).map((name) =>
    name.replaceAll("\\", "/"),
  );
  const pages = files.filter((name) => name.endsWith(".html"));
  const site = {
    files: new Set(files),
    pages: new Map(pages.map((name) => [name, readFileSync(join(built, name), "utf8")])),
  };
  const { followed, broken } = brokenLinks(site, base);
  if (broken.length > 0) throw new Error(`${broken.length} broken links:\n${broken.join("\n")}`);
  return followed;
}

/** Writes what is made of all pages: the list for programs that read, and the service worker. */
async function finish(pages: Pages, base: string): Promise<void> {
  writeFileSync(join(built, "llms.txt"), llmsText(pages, sidebar(pages), base));
  const entries = readdirSync(built, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  await writeServiceWorker(
    built,
    files.map((file) => relative(built, file).replaceAll("\\", "/")),
  );
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      base: { type: "string", default: "/" },
      build: { type: "boolean", default: false },
      check: { type: "boolean", default: false },
      port: { type: "string", default: "4173" },
    },
  });
  const base = values.check ? PATH : values.base;
  if (!/^\/(.+\/)?$/.test(base))
    throw new Error(`--base ${base}: expected a path that begins and ends with /`);
  const started = performance.now();
  const pages = assemble(new Map([...sitePages(), ...(await referencePages())]));
  process.env.SITE_BASE = base;
  await buildSite(workspace);
  await buildPage({
    root: playground,
    logLevel: "warn",
    build: { outDir: join(built, "playground"), emptyOutDir: true },
  });
  await buildLive(pages, built);
  await finish(pages, base);
  const followed = followLinks(base);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${built}: ${followed} links followed, none broken, ${seconds} s`);
  if (values.check) {
    const problems = await checkSite();
    for (const problem of problems) console.log(problem);
    console.log(`${problems.length} problems`);
    process.exitCode = problems.length > 0 ? 1 : 0;
    return;
  }
  if (values.build) return;
  const server = await preview({
    configFile: false,
    base,
    root: workspace,
    build: { outDir: built },
    preview: { port: Number(values.port) },
  });
  server.printUrls();
}

await main();
