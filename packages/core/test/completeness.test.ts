/**
 * A layer or density that is written but not exported, exported but not tested, or not documented, fails
 * here, and the findings name the file to change.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import * as core from "../src/index.js";
import { catalog } from "./catalog.js";

const source = (folder: string): URL => new URL(`../src/${folder}/`, import.meta.url);
const root = new URL("../../../", import.meta.url);
const textOf = (path: string): string => readFileSync(new URL(path, root), "utf8");

/** What a factory returns, as its declaration says. */
const products = /^(FlowLayer|ChainLayer|ParallelLayer|ConditionalDensity)\b/;

/** Names of the factories in a folder of the sources: exported functions that return a layer or a density. */
function factoriesIn(folder: string): string[] {
  return readdirSync(source(folder)).flatMap((name) => {
    const text = readFileSync(new URL(name, source(folder)), "utf8");
    const { statements } = ts.createSourceFile(name, text, ts.ScriptTarget.ESNext);
    return statements
      .filter(ts.isFunctionDeclaration)
      .filter(({ modifiers }) => modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword))
      .filter(({ type }) => type && products.test(text.slice(type.pos, type.end).trim()))
      .flatMap((f) => (f.name ? [f.name.text] : []));
  });
}

/** Layers on the page of another. */
const shared: { readonly [name: string]: string } = {
  channelsFirst: "reshape.md",
  clip: "relu.md",
  flatten: "reshape.md",
  permute: "reshape.md",
  reverse: "reshape.md",
  transpose: "reshape.md",
  unsqueeze: "squeeze.md",
};

/** The page of a factory: `leakyRelu` is on `leaky-relu.md`; movements of entries share one. */
const pageOf = (name: string): string =>
  shared[name] ?? `${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}.md`;

/** Rows of the tables of docs/layers/README.md and docs/densities/README.md. */
const rowsOf = (folder: string): string[] =>
  textOf(`${folder}/README.md`)
    .split("\n")
    .filter((line) => line.startsWith("|"));

/** The statements that do not hold. */
const failing = (statements: { readonly [statement: string]: boolean }): string[] =>
  Object.keys(statements).filter((statement) => !statements[statement]);

describe("completeness", () => {
  const layers = factoriesIn("layers");
  const densities = factoriesIn("densities");
  const folders = [
    ["docs/layers", layers],
    ["docs/densities", densities],
  ] as const;
  const factories = folders.flatMap(([folder, names]) =>
    names.map((name) => ({ name, folder, page: pageOf(name) })),
  );

  it("finds layers and densities in the sources", () => {
    expect(layers).toEqual(
      expect.arrayContaining(["linear", "leakyRelu", "rqSpline", "dequantize", "permute"]),
    );
    expect(densities).toEqual(expect.arrayContaining(["gaussian", "mixture"]));
  });

  it.each(factories)(
    "$name is exported, in the catalog, on a page and in the table",
    ({ name, folder, page }) => {
      const unmet = failing({
        [`packages/core/src/index.ts exports ${name}`]: name in core,
        [`packages/core/test/catalog*.ts has an entry of ${name}`]: catalog.some(({ of }) =>
          of.includes(name),
        ),
        [`${folder}/${page} is there`]: existsSync(new URL(`${folder}/${page}`, root)),
        [`${folder}/README.md has a row of \`${name}\` with a link to ${page}`]: rowsOf(folder).some(
          (row) => row.includes(`\`${name}\``) && row.includes(`](${page})`),
        ),
      });
      expect(unmet).toEqual([]);
    },
  );

  it("packages/core/test/catalog*.ts name exports only, layers of the sources only, and every entry once", () => {
    const names = catalog.map(({ name }) => name);
    const unmet = failing({
      ...Object.fromEntries(catalog.flatMap(({ of }) => of).map((n) => [`${n} is an export`, n in core])),
      ...Object.fromEntries(
        catalog.map(({ of, layer: { name } }) => [
          `${name} is a layer of the sources`,
          [...layers, "chain"].includes(name) || of.includes("monotone"), // which name themselves by their function
        ]),
      ),
      ...Object.fromEntries(
        names.map((name, i) => [`there is one entry "${name}"`, names.indexOf(name) === i]),
      ),
    });
    expect(unmet).toEqual([]);
  });

  it.each(folders)("%s has pages of these only", (folder, names) => {
    const pages = ["README.md", ...names.map(pageOf)];
    expect(readdirSync(new URL(folder, root)).filter((page) => !pages.includes(page))).toEqual([]);
  });

  it("docs/guide.md lists the kinds of packages/core/src/network/network.ts", () => {
    const [, list = ""] = /The kinds are([^;]*);/.exec(textOf("docs/guide.md")) ?? [];
    const listed = Array.from(list.matchAll(/`(\w+)`/g), ([, kind = ""]) => kind);
    const network = textOf("packages/core/src/network/network.ts");
    const kinds = Array.from(network.matchAll(/\bkind: "(\w+)"/g), ([, kind = ""]) => kind);
    expect(listed.toSorted()).toEqual(kinds.toSorted());
  });
});
