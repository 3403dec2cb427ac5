/** A layer or density that is written but not exported, exported but not tested, or not documented, fails here. */
import { readdirSync, readFileSync } from "node:fs";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import * as core from "../src/index.js";
import { catalog } from "./catalog.js";

const source = (folder: string): URL => new URL(`../src/${folder}/`, import.meta.url);
const docs = new URL("../../../docs/", import.meta.url);

/** What a factory returns, as its declaration says. */
const kinds = /^(FlowLayer|ChainLayer|SideBySideLayer|ConditionalDensity)\b/;

/** Names of the factories in a folder of the sources: exported functions that return a layer or a density. */
function factoriesIn(folder: string): string[] {
  return readdirSync(source(folder)).flatMap((name) => {
    const text = readFileSync(new URL(name, source(folder)), "utf8");
    const { statements } = ts.createSourceFile(name, text, ts.ScriptTarget.ESNext);
    return statements
      .filter(ts.isFunctionDeclaration)
      .filter(({ modifiers }) => modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword))
      .filter(({ type }) => type && kinds.test(text.slice(type.pos, type.end).trim()))
      .flatMap((f) => (f.name ? [f.name.text] : []));
  });
}

/** Layers on the page of another. */
const shared: { readonly [name: string]: string } = {
  channelsFirst: "reshape.md",
  flatten: "reshape.md",
  permute: "reshape.md",
  reverse: "reshape.md",
  unsqueeze: "squeeze.md",
};

/** The page of a factory: `leakyRelu` is on `leaky-relu.md`; movements of entries share one. */
const pageOf = (name: string): string =>
  shared[name] ?? `${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}.md`;

describe("completeness", () => {
  const layers = factoriesIn("layers");
  const densities = factoriesIn("densities");

  it("finds layers and densities in the sources", () => {
    expect(layers).toEqual(
      expect.arrayContaining(["linear", "leakyRelu", "rqSpline", "dequantize", "permute"]),
    );
    expect(densities).toEqual(expect.arrayContaining(["gaussian", "mixture"]));
  });

  it.each([...layers, ...densities])("%s is exported and in the catalog", (name) => {
    expect(core).toHaveProperty(name);
    expect(catalog.some(({ of }) => of.includes(name))).toBe(true);
  });

  it("the catalog names only exports, and every entry once", () => {
    for (const name of catalog.flatMap(({ of }) => of)) expect(core).toHaveProperty(name);
    expect(new Set(catalog.map(({ name }) => name)).size).toBe(catalog.length);
  });

  it("the catalog holds layers of these sources only", () => {
    for (const { layer } of catalog) expect([...layers, "chain"]).toContain(layer.name);
  });

  it.each([
    ["layers", layers],
    ["densities", densities],
  ])("docs/%s has a page for each, and no other", (folder, names) => {
    expect(readdirSync(new URL(folder, docs)).toSorted()).toEqual([...new Set(names.map(pageOf))].toSorted());
  });
});
