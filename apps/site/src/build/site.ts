/**
 * Builds the site into `apps/site/dist/site`, follows every link of it, and serves it.
 *
 *     npm run site
 *     npm run site -- --build --base /flowify/    only builds, for a host that serves it below this path
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { build as buildPage, preview } from "vite";
import { build as buildSite } from "vitepress";
import { brokenLinks } from "./links.js";
import { sitePages } from "./pages.js";
import { assembled, built, playground, workspace } from "./places.js";
import { sidebar } from "./sidebar.js";

/** Writes the pages where VitePress reads them. */
function assemble(): void {
  rmSync(assembled, { recursive: true, force: true });
  const pages = sitePages();
  process.env.SITE_SIDEBAR = JSON.stringify(sidebar(pages));
  for (const [place, content] of pages) {
    const file = join(assembled, place.endsWith(".md") ? "" : "public", place);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  cpSync(join(workspace, "public"), join(assembled, "public"), { recursive: true });
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

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      base: { type: "string", default: "/" },
      build: { type: "boolean", default: false },
      port: { type: "string", default: "4173" },
    },
  });
  const { base } = values;
  if (!/^\/(.+\/)?$/.test(base))
    throw new Error(`--base ${base}: expected a path that begins and ends with /`);
  const started = performance.now();
  assemble();
  process.env.SITE_BASE = base;
  await buildSite(workspace);
  await buildPage({
    root: playground,
    logLevel: "warn",
    build: { outDir: join(built, "playground"), emptyOutDir: true },
  });
  const followed = followLinks(base);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${built}: ${followed} links followed, none broken, ${seconds} s`);
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
