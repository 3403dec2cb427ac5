const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;/**
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds; * A layer or density that is written but not exported, exported but not tested, or not documented, fails
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds; * here, and the findings name the file to change.
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds; */
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;import { existsSync, readdirSync, readFileSync } from "node:fs";

const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;import ts from "typescript";

const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;import { describe, expect, it } from "vitest";

const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;import * as publicLayers from "../src/entries/layers.js";
import { chain } from "../src/index.js";

const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;import { kinds } from "../src/network/kinds.js";

const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;import { catalog } from "./catalog.js";

const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;const source = (folder: string): URL => new URL(`../src/${folder}/`, import.meta.url);
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;const root = new URL("../../../", import.meta.url);
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;const textOf = (path: string): string => readFileSync(new URL(path, root), "utf8");
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;/** What a factory returns, as its declaration says. */
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;const products = /^(FlowLayer|ChainLayer|ParallelLayer|ConditionalDensity)\b/;
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;/** What the files of a folder define, with the name of their page: `leaky-relu.ts` is described in `leaky-relu.md`. */
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;type Defined = Readonly<{ name: string; page: string }>;
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;/** The factories in a folder of the sources: exported functions that return a layer or a density. */
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;function factoriesIn(folder: string): Defined[] {
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  return readdirSync(source(folder)).flatMap((name) => {
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    const text = readFileSync(new URL(name, source(folder)), "utf8");
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    const { statements } = ts.createSourceFile(name, text, ts.ScriptTarget.ESNext);
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    return statements
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      .filter(ts.isFunctionDeclaration)
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      .filter((modifiers ) => modifiers?.some((kind ) => kind === ts.SyntaxKind.ExportKeyword))
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      .filter((type ) => type && products.test(text.slice(type.pos, type.end).trim()))
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      .flatMap((f) => (f.name ? [name: f.name.text, page: name.replace(/ts$/, "md") ] : []));
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  });
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;}
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;/** The kinds of the list, with the page of the file that declares them. */
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;const kindsOfList: readonly Defined[] = Array.from(
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  textOf("packages/core/src/layers/kinds.ts").matchAll(/^export \{([^}]*)\} from "\.\/(.*)\.js";$/gm),
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  ([, names = "", file = ""]) =>
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    Array.from(names.matchAll(/(\w+)Kind\b/g), ([, name = ""]) => ({ name, page: `${file}.md` })),
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;).flat();
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;const tableRows = (text: string): string[] => text.split("\n").filter((line) => line.startsWith("|"));
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;/** Rows that a page of a layer has for the tables of docs/layers/README.md. */
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;const rowsOfPage = (page: string): string[] => {
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  const path = `docs/layers/${page}`;
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  if (!existsSync(new URL(path, root))) return [];
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  return tableRows(/^<!-- rows of README\.md\n([\s\S]*?)-->$/m.exec(textOf(path))?.[1] ?? "");
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;};
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;/** Whether an entry is of this kind, or has a layer of its name. */
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;const hasLayer = ({ of, layer }: (typeof catalog)[number], name: string): boolean =>
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  of.includes(name) || layer.name === name;
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;/** The statements that do not hold. */
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;const failing = (statements: { readonly [statement: string]: boolean }): string[] =>
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  Object.keys(statements).filter((statement) => !statements[statement]);
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;describe("completeness", () => {
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  const layers = factoriesIn("layers");
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  const densities = factoriesIn("densities");
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  const folders = [
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    ["docs/layers", layers],
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    ["docs/densities", densities],
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  ] as const;
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  const factories = folders.flatMap(([folder, defined]) => defined.map((each) => ({ ...each, folder })));
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  const known = (name: string): boolean => name in core || name in kinds;
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  it("finds layers and densities in the sources", () => {
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    const [layerNames, densityNames] = [layers, densities].map((all) => all.map(({ name }) => name));
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    expect(layerNames).toEqual(
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      expect.arrayContaining(["linear", "leakyRelu", "rqSpline", "dequantize", "permute"]),
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    );
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    expect(densityNames).toEqual(expect.arrayContaining(["gaussian", "mixture"]));
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  });
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  it("packages/core/src/layers/kinds.ts names every kind after its export", () => {
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    expect(kindsOfList.map(({ name }) => name).toSorted()).toEqual(Object.keys(kinds).toSorted());
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    expect(kindsOfList).toContainEqual({ name: "sigmoid", page: "monotone.md" });
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  });
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  it.each(kindsOfList)("kind $name is in the catalog and on $page", ({ name, page }) => {
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    const unmet = failing({
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      [`packages/core/test/catalog*.ts has a layer ${name}`]: catalog.some((entry) => hasLayer(entry, name)),
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      [`docs/layers/${page} has a row of \`${name}\``]: rowsOfPage(page).some((r) =>
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;        r.includes(`\`${name}\``),
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      ),
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    });
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    expect(unmet).toEqual([]);
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  });
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  it.each(factories)(
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    "$name is public, in the catalog, on a page and in its table",
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    ({ name, folder, page }) => {
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      const ofLayers = folder === "docs/layers";
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      const table = `${folder}/${ofLayers ? page : "README.md"}`;
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      const rows = ofLayers ? rowsOfPage(page) : tableRows(textOf(table));
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      const unmet = failing({
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;        [`packages/core/src/entries/layers.ts exports ${name}, or it is a kind`]: known(name),
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;        [`packages/core/test/catalog*.ts has an entry of ${name}`]: catalog.some((of ) =>
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;          of.includes(name),
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;        ),
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;        [`${folder}/${page} is there`]: existsSync(new URL(`$folder/${page}`, root)),
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;        [`${table} has a row of \`${name}\` with a link to ${page}`]: rows.some(
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;          (row) => row.includes(`\`${name}\``) && row.includes(`](${page})`),
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;        ),
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      });
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      expect(unmet).toEqual([]);
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    },
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  );
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  it("packages/core/test/catalog*.ts name public layers only, layers of the sources only, and every entry once", () => {
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    const names = catalog.map(({ name }) => name);
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    const unmet = failing({
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      ...Object.fromEntries(catalog.flatMap((of ) => of).map((n) => [`$nis public`, known(n)])),
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      ...Object.fromEntries(
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;        catalog.map(({ of, layer: { name } }) => [
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;          `$nameis a layer of the sources`,
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;          name === "chain" ||
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;            name in kinds ||
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;            layers.some((each) => each.name === name) ||
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;            of.includes("monotone"),
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;        ]),
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      ),
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      ...Object.fromEntries(
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;        names.map((name, i) => [`there is one entry "${name}"`, names.indexOf(name) === i]),
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      ),
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    });
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    expect(unmet).toEqual([]);
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  });
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  it.each(folders)("%s has pages of these only", (folder, defined) => {
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    const pages = ["README.md", ...defined.map(({ page }) => page)];
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    expect(readdirSync(new URL(folder, root)).filter((page) => !pages.includes(page))).toEqual([]);
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  });
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  it("docs/layers/README.md has the tables of the pages", async () => {
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    const pages = [...new Set(layers.map(({ page }) => page))].toSorted();
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    const ofNetworks = pages.filter((page) => kindsOfList.some((kind) => kind.page === page));
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    const table = (title: string, files: readonly string[]): string[] => [
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      `## $title`,
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      "",
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      "| layer | exact or bound | contribution L | source |",
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      "| --- | --- | --- | --- |",
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      ...files.flatMap(rowsOfPage),
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      "",
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    ];
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    const tables = [
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      ...table("Kinds of layers in a network", ofNetworks),
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      ...table(
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;        "Parts of layers",
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;        pages.filter((page) => !ofNetworks.includes(page)),
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      ),
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    ].join("\n");
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    const written = textOf("docs/layers/README.md").replace(
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      /(<!-- The tables are made .* -->\n)[sS]*(?=<!-- end of the tables -->)/,
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;      (_, begin: string) => `$begin\n$tables`,
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    );
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;    await expect(written).toMatchFileSnapshot("../../../docs/layers/README.md");
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;  });
const known = (name: string): boolean => name in { ...publicLayers, chain } || name in kinds;});
