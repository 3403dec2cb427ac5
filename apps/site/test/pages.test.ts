import { readdirSync, readFileSync } from "node:fs";
import { Marked } from "marked";
import { gfmHeadingId } from "marked-gfm-heading-id";
import { expect, test } from "vitest";
import { brokenLinks } from "../src/build/links.js";
import { llmsText } from "../src/build/llms.js";
import { addressOf, sitePages, titleOf } from "../src/build/pages.js";
import { playground, repository } from "../src/build/places.js";
import { sidebar } from "../src/build/sidebar.js";
import { snippetsOf, withRunners } from "../src/build/snippets.js";

const pages = sitePages();
const markdown = new Marked(gfmHeadingId());

/** The pages as HTML, by a quicker reader of Markdown than that of the build. */
const html = new Map(
  [...pages].flatMap(([place, text]) =>
    typeof text === "string"
      ? [[place.replace(/md$/, "html"), markdown.parse(text.replaceAll(".md", ".html"), { async: false })]]
      : [],
  ),
);
const files = new Set([...pages.keys(), "playground/index.html"]);

test("every link of the pages leads to a page, and every anchor to a heading", () => {
  const { followed, broken } = brokenLinks({ pages: html, files });
  expect(broken).toEqual([]);
  expect(followed).toBeGreaterThan(300);
});

test.each([
  ["no-page.html", "is no file of the site"],
  ["#no-heading", "is no heading"],
  ["/flowify.html", "leaves the site"],
])("the link %s is found to be broken", (link, words) => {
  const site = {
    pages: new Map([["a/guide.html", `<h1 id="x"></h1><a class="b" href="${link}">c</a>`]]),
    files: new Set<string>(),
  };
  expect(brokenLinks(site, "/base/").broken).toEqual([expect.stringContaining(words)]);
});

test("a link through the base of the site, to a folder and to a page without its ending, is none", () => {
  const links = [
    "/base/",
    "/base/guide#x",
    "./",
    "guide.html?a#x",
    "/base/playground/?embed=a#/plane",
    "mailto:a@b",
  ];
  const page = `<h1 id="x"></h1>${links.map((link) => `<a href="${link}">c</a>`).join("")}`;
  const site = {
    pages: new Map([
      ["guide.html", page],
      ["index.html", page],
    ]),
    files: new Set(["playground/index.html"]),
  };
  expect(brokenLinks(site, "/base/")).toEqual({ followed: 12, broken: [] });
});

test("every page is in the sidebar, once, with a title", () => {
  const entries = sidebar(pages).flatMap(({ items }) => items);
  expect(new Set(entries.map(({ link }) => link)).size).toBe(entries.length);
  expect(entries.filter(({ text }) => text === "")).toEqual([]);
  expect(() => sidebar(new Map([...pages, ["stray.md", "# Stray"]]))).toThrow("stray.md");
  expect(titleOf("# `fit` of\\_a")).toBe("fit of_a");
  expect(addressOf("layers/index.md")).toBe("/layers/");
});

test("what the playground refers to is a page", () => {
  const sources = `${playground}/src/`;
  const named = readdirSync(sources, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".tsx"))
    .flatMap((name) => [...readFileSync(`${sources}${name}`, "utf8").matchAll(/\sdocs="([^"]*)"/g)])
    .map(([, name]) => `${name}.md`);
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((name) => !pages.has(name))).toEqual([]);
});

test("every error code has a section with its cause and its cure", () => {
  const sources = readFileSync(`${repository}/packages/core/src/errors.ts`, "utf8");
  const codes = [...(/FlowifyErrorCode =([^;]*);/.exec(sources)?.[1] ?? "").matchAll(/"(\w+)"/g)].map(
    ([, code]) => code,
  );
  expect(codes.length).toBeGreaterThan(10);
  const sections = String(pages.get("errors.md")).split(/^## /m).slice(1);
  expect(new Set(sections.map((section) => section.split("`")[1]))).toEqual(new Set(codes));
  for (const section of sections) expect(section).toMatch(/\*\*Cause:\*\* [\s\S]*\*\*Cure:\*\* /);
});

test("every picture of the gallery has its command, its program, or runs on the page", () => {
  const [, ...captions] = String(pages.get("gallery.md")).split(/^!\[/m);
  expect(captions.length).toBeGreaterThan(15);
  const command = /`(flowify|mpirun|npm run|regression\(|posterior\()/;
  const live = captions.filter((caption) => !command.test(caption));
  for (const caption of live) expect(caption).toContain("playground/#/plane?config=");
});

test("every format that flowify writes is on the page of formats, with its version", () => {
  const page = String(pages.get("files.md"));
  const formats = ["cli", "onnx", "core", "compress"].flatMap((name) => {
    const folder = `${repository}/packages/${name}/src/`;
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
    return files
      .filter((file) => file.endsWith(".ts"))
      .flatMap((file) => {
        const text = readFileSync(`${folder}${file}`, "utf8");
        const format = /(?:format: (?:v\.literal\()?|FORMAT = )"(flowify-[a-z-]+)"/.exec(text)?.[1];
        const version = /version: (?:v\.literal\(|\w+ \? )?(\d+)|VERSION = (\d+)/
          .exec(text)
          ?.slice(1)
          .find(Boolean);
        return format === undefined ? [] : [`| \`${format}\`, ${version}`];
      });
  });
  expect(new Set(formats).size).toBeGreaterThan(9);
  expect(formats.filter((row) => ![" |", ";"].some((end) => page.includes(row + end)))).toEqual([]);
});

test("llms.txt has every page of the sidebar, with its address and what it is about", () => {
  const entries = sidebar(pages);
  const lines = llmsText(pages, entries, "/base/").split("\n");
  const listed = lines.flatMap((line) => /^- \[.+\]\(\/base\/([^)]*)\): .{20}/.exec(line)?.[1] ?? []);
  expect(listed.length).toBe(entries.flatMap(({ items }) => items).length);
  const places = listed.map((address) => (/(^|\/)$/.test(address) ? `${address}index` : address));
  expect(
    places.map((place) => `${place.replace(/\.html$/, "")}.md`).filter((name) => !pages.has(name)),
  ).toEqual([]);
});

test("an example runs on the page if it needs nothing of Node", () => {
  const fence = (code: string): string => `\`\`\`ts run\n${code}\n\`\`\`\n`;
  const live = fence('import { fit, type Flow } from "flowify";\nimport { chain } from "@flowify/core";');
  const output = "\n```text\ntrue\n```\n";
  const text = `${live}${output}${fence('import { loadOnnx } from "flowify";')}${fence('import "node:fs";\nimport { x } from "node:fs";')}`;
  const [snippet, ...others] = snippetsOf("a/b.md", text);
  expect(others).toEqual([]);
  expect(snippet).toEqual({
    name: "a/b-1",
    code: expect.stringContaining('type Flow } from "@flowify/core"'),
  });
  expect(
    withRunners("a/b.md", text).startsWith(`<LiveCode name="a/b-1">\n\n${live}${output}\n</LiveCode>`),
  ).toBe(true);
  expect(withRunners("a/b.md", text).match(/<LiveCode/g)?.length).toBe(1);
});
