/** A layer or density that is written but not exported, exported but not tested, or not documented, fails here. */
import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, it } from "vitest";
import * as core from "../src/index.js";
import { catalog } from "./catalog.js";

const source = (folder: string): URL => new URL(`../src/${folder}/`, import.meta.url);
const docs = new URL("../../../docs/", import.meta.url);

/** Files that help layers but export none. */
const helpers = ["linear-start", "linear-weights", "orthogonal", "conditional", "location-scale"];

type Module = { readonly [name: string]: unknown };

/** Names of the factories in a folder of the sources: functions that a file beside the helpers exports. */
async function factoriesIn(folder: string): Promise<string[]> {
  const stems = readdirSync(source(folder))
    .map((file) => basename(file, ".ts"))
    .filter((stem) => !helpers.includes(stem));
  const modules = await Promise.all(
    stems.map(async (stem) => (await import(new URL(`${stem}.ts`, source(folder)).href)) as Module),
  );
  return modules.flatMap((module) =>
    Object.keys(module).filter((name) => typeof module[name] === "function"),
  );
}

/** The page of a factory: `leakyRelu` is on `leaky-relu.md`; movements of entries share one. */
const pageOf = (name: string): string =>
  ["flatten", "permute"].includes(name)
    ? "reshape.md"
    : `${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}.md`;

describe("completeness", async () => {
  const layers = await factoriesIn("layers");
  const densities = await factoriesIn("densities");

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
