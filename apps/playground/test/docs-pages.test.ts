import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { documentFiles } from "../docs-pages.js";

const files = documentFiles();
const pages = [...files].flatMap(([name, content]) => (typeof content === "string" ? [[name, content]] : []));

/** The values of an attribute in a page. */
const valuesOf = (attribute: string, html: string): string[] =>
  [...html.matchAll(new RegExp(`<[^>]* ${attribute}="([^"]*)"`, "g"))].map(([, value = ""]) => value);

/** Why a link of a page leads nowhere; undefined where it leads somewhere, or to another site. */
function broken(page: string, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [path = "", anchor] = link.split("#", 2);
  const target = path === "" ? page : posix.join(posix.dirname(page), path);
  // the playground, which parses the rest of its address itself
  if (target === "./" || target.startsWith("?")) return undefined;
  const content = files.get(target);
  if (content === undefined) return `${page}: ${link} is no file`;
  if (anchor === undefined || valuesOf("id", String(content)).includes(decodeURIComponent(anchor)))
    return undefined;
  return `${page}: ${link} is no heading`;
}

test("every link between the built documents leads to a page, and every anchor to a heading", () => {
  const links = pages.flatMap(([page = "", html = ""]) =>
    ["href", "src"].flatMap((attribute) => valuesOf(attribute, html).map((link) => ({ page, link }))),
  );
  expect(links.length).toBeGreaterThan(100);
  expect(links.filter(({ link }) => link.includes("#")).length).toBeGreaterThan(10);
  expect(links.flatMap(({ page, link }) => broken(page, link) ?? [])).toEqual([]);
  expect(links.map(({ link }) => link)).toContain("#training");
});

test("a link to what is not there is found", () => {
  expect(broken("docs/guide.html", "no-page.html")).toContain("is no file");
  expect(broken("docs/guide.html", "#no-heading")).toContain("is no heading");
});

test("the lessons of the page lead to documents", () => {
  const sources = fileURLToPath(new URL("../src/", import.meta.url));
  const named = readdirSync(sources, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".tsx"))
    .flatMap((name) => valuesOf("docs", readFileSync(`${sources}${name}`, "utf8").replaceAll("\n", " ")));
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((name) => !files.has(`docs/${name}.html`))).toEqual([]);
});
