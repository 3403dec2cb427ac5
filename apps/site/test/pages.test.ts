import { readdirSync, readFileSync } from "node:fs";
import { Marked } from "marked";
import { gfmHeadingId } from "marked-gfm-heading-id";
import { expect, test } from "vitest";
import { brokenLinks } from "../src/build/links.js";
import { addressOf, sitePages, titleOf } from "../src/build/pages.js";
import { playground } from "../src/build/places.js";
import { sidebar } from "../src/build/sidebar.js";

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
