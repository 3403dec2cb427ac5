/**
 * A layer or density that is written but not exported, exported but not tested, or not documented, fails
 * here, and the findings name the file to change.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import * as publicLayers from "../src/entries/layers.js";
import { chain } from "../src/index.js";
import { kinds } from "../src/network/schema.js";
import { catalog } from "./catalog.js";

const source = (folder: string): URL => new URL(`../src/${folder}/`, import.meta.url);
const root = new URL("../../../", import.meta.url);
const textOf = (path: string): string => readFileSync(new URL(path, root), "utf8");

/** What a factory returns, as its declaration says. */
const products = /^(FlowLayer|ChainLayer|ParallelLayer|ConditionalDensity)\b/;

/** What the files of a folder define, with the name of their page: `leaky-relu.ts` is described in `leaky-relu.md`. */
type Defined = Readonly<{ name: string; page: string }>;

/** The factories in a folder of the sources: exported functions that return a layer or a density. */
function factoriesIn(folder: string): Defined[] {
  return readdirSync(source(folder)).flatMap((name) => {
    const text = readFileSync(new URL(name, source(folder)), "utf8");
    const { statements } = ts.createSourceFile(name, text, ts.ScriptTarget.ESNext);
    return statements
      .filter(ts.isFunctionDeclaration)
      .filter(({ modifiers }) => modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword))
      .filter(({ type }) => type && products.test(text.slice(type.pos, type.end).trim()))
      .flatMap((f) => (f.name ? [{ name: f.name.text, page: name.replace(/ts$/, "md") }] : []));
  });
}

/** The kinds of the list, with the page of the file that declares them. */
const kindsOfList: readonly Defined[] = Array.from(
  textOf("packages/core/src/layers/kinds.ts").matchAll(/^export \{([^}]*)\} from "\.\/(.*)\.js";$/gm),
  ([, names = "", file = ""]) =>
    Array.from(names.matchAll(/(\w+)Kind\b/g), ([, name = ""]) => ({ name, page: `${file}.md` })),
).flat();

const tableRows = (text: string): string[] => text.split("\n").filter((line) => line.startsWith("|"));

/** Rows that a page of a layer has for the tables of docs/layers/README.md. */
const rowsOfPage = (page: string): string[] => {
  const path = `docs/layers/${page}`;
  if (!existsSync(new URL(path, root))) return [];
  return tableRows(/^<!-- rows of README\.md\n([\s\S]*?)-->$/m.exec(textOf(path))?.[1] ?? "");
};

/** Whether an entry is of this kind, or has a layer of its name. */
const hasLayer = ({ of, layer }: (typeof catalog)[number], name: string): boolean =>
  of.includes(name) || layer.name === name;

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
  const factories = folders.flatMap(([folder, defined]) => defined.map((each) => ({ ...each, folder })));
  const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;

  it("finds layers and densities in the sources", () => {
    const [layerNames, densityNames] = [layers, densities].map((all) => all.map(({ name }) => name));
    expect(layerNames).toEqual(
      expect.arrayContaining(["linear", "leakyRelu", "rqSpline", "dequantize", "permute"]),
    );
    expect(densityNames).toEqual(expect.arrayContaining(["gaussian", "mixture"]));
  });

  it("packages/core/src/layers/kinds.ts names every kind after its export", () => {
    expect(kindsOfList.map(({ name }) => name).toSorted()).toEqual(Object.keys(kinds).toSorted());
    expect(kindsOfList).toContainEqual({ name: "sigmoid", page: "monotone.md" });
  });

  it.each(kindsOfList)("kind $name is in the catalog and on $page", ({ name, page }) => {
    const unmet = failing({
      [`packages/core/test/catalog*.ts has a layer ${name}`]: catalog.some((entry) => hasLayer(entry, name)),
      [`docs/layers/${page} has a row of \`${name}\``]: rowsOfPage(page).some((r) =>
        r.includes(`\`${name}\``),
      ),
    });
    expect(unmet).toEqual([]);
  });

  it.each(factories)(
    "$name is public, in the catalog, on a page and in its table",
    ({ name, folder, page }) => {
      const ofLayers = folder === "docs/layers";
      const table = `${folder}/${ofLayers ? page : "README.md"}`;
      const rows = ofLayers ? rowsOfPage(page) : tableRows(textOf(table));
      const unmet = failing({
        [`packages/core/src/entries/layers.ts exports ${name}, or it is a kind`]: known(name),
        [`packages/core/test/catalog*.ts has an entry of ${name}`]: catalog.some(({ of }) =>
          of.includes(name),
        ),
        [`${folder}/${page} is there`]: existsSync(new URL(`${folder}/${page}`, root)),
        [`${table} has a row of \`${name}\` with a link to ${page}`]: rows.some(
          (row) => row.includes(`\`${name}\``) && row.includes(`](${page})`),
        ),
      });
      expect(unmet).toEqual([]);
    },
  );

  it("packages/core/test/catalog*.ts name public layers only, layers of the sources only, and every entry once", () => {
    const names = catalog.map(({ name }) => name);
    const unmet = failing({
      ...Object.fromEntries(catalog.flatMap(({ of }) => of).map((n) => [`${n} is public`, known(n)])),
      ...Object.fromEntries(
        catalog.map(({ of, layer: { name } }) => [
          `${name} is a layer of the sources`,
          name === "chain" ||
            name in kinds ||
            layers.some((each) => each.name === name) ||
            of.includes("monotone"),
        ]),
      ),
      ...Object.fromEntries(
        names.map((name, i) => [`there is one entry "${name}"`, names.indexOf(name) === i]),
      ),
    });
    expect(unmet).toEqual([]);
  });

  it.each(folders)("%s has pages of these, and of kinds, only", (folder, defined) => {
    const pages = ["README.md", ...[...defined, ...kindsOfList].map(({ page }) => page)];
    expect(readdirSync(new URL(folder, root)).filter((page) => !pages.includes(page))).toEqual([]);
  });

  it("docs/layers/README.md has the tables of the pages", async () => {
    const pages = [...new Set([...layers, ...kindsOfList].map(({ page }) => page))].toSorted();
    const ofNetworks = pages.filter((page) => kindsOfList.some((kind) => kind.page === page));
    const table = (title: string, files: readonly string[]): string[] => [
      `## ${title}`,
      "",
      "| layer | exact or bound | contribution L | source |",
      "| --- | --- | --- | --- |",
      ...files.flatMap(rowsOfPage),
      "",
    ];
    const tables = [
      ...table("Kinds of layers in a network", ofNetworks),
      ...table(
        "Parts of layers",
        pages.filter((page) => !ofNetworks.includes(page)),
      ),
    ].join("\n");
    const written = textOf("docs/layers/README.md").replace(
      /(<!-- The tables are made .* -->\n)[\s\S]*(?=<!-- end of the tables -->)/,
      (_, begin: string) => `${begin}\n${tables}`,
    );
    await expect(written).toMatchFileSnapshot("../../../docs/layers/README.md");
  });
});
