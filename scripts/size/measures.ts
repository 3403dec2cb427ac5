import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { filesIn, readSource } from "../imports/read-source.js";
import { published } from "../imports/rules.js";
import { entriesIn, resolveRelative } from "../imports/workspaces.js";
import { exportedNames } from "./names.js";

/** A figure of the house, what it should be at most, and where it comes from. */
export type Measure = Readonly<{ name: string; figure: number; goal: number; where?: readonly string[] }>;

/** Parts of the house, and the lines that each should have at most. */
const parts = {
  command: { folders: ["packages/cli/src"], lines: 18_500 },
  core: { folders: ["packages/core/src"], lines: 14_500 },
  onnx: { folders: ["packages/onnx/src"], lines: 6200 },
  "jax-to-onnx": { folders: ["packages/jax-to-onnx/src"], lines: 6200 },
  page: { folders: ["apps/playground/src"], lines: 7000 },
  site: { folders: ["apps/site/src"], lines: 1500 },
  "scripts and benchmarks": { folders: ["scripts", "bench"], lines: 5500 },
} as const;

/** Files that may be short, beside entries of packages: declarations, WebAssembly, and what a worker or a tool loads by its path. */
const MAY_BE_SHORT = /(^|\/)(index|main|worker|entries\/\w+)\.tsx?$|\.d\.ts$|\.js$|-(code|globals)\.ts$/;
const SHORT = 20;
const LONG = 320;
const MOST_FILES = 40;
/** Kinds of layers, one file each, are looked up by name; the limit is for folders that one reads. */
const LISTED = "packages/core/src/layers";

/** Small packages over public names, counted apart. */
const APART = ["@flowify/compress", "@flowify/guard"];

type File = Readonly<{ path: string; lines: number; source: ts.SourceFile }>;

const read = (root: string, path: string): File => {
  const text = readFileSync(join(root, path), "utf8");
  return {
    path,
    lines: text.split("\n").length - 1,
    source: ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true),
  };
};

/** Nodes of a kind in files. */
function count(files: readonly File[], counts: (node: ts.Node) => boolean): number {
  let found = 0;
  const visit = (node: ts.Node): void => {
    if (counts(node)) found++;
    ts.forEachChild(node, visit);
  };
  for (const { source } of files) visit(source);
  return found;
}

const isConst = (node: ts.AsExpression): boolean => node.type.getText() === "const";

/** Pairs of folders below one that import from each other; files at its top are rooms of their own. */
function pairs(root: string, top: string, ignored: readonly string[] = []): string[] {
  const roomOf = (path: string): string => (dirname(path) === top ? path : dirname(path));
  const arrows = new Set<string>();
  for (const path of filesIn(root, top))
    for (const { name } of readSource(root, path).imports) {
      if (!name.startsWith(".")) continue;
      const [from, to] = [roomOf(path), roomOf(resolveRelative(root, path, name))];
      if (from !== to) arrows.add(`${from} ${to}`);
    }
  return [...arrows].filter((arrow) => {
    const [from = "", to = ""] = arrow.split(" ");
    const known = ignored.length > 0 && ignored.every((folder) => [from, to].includes(join(top, folder)));
    return from < to && !known && arrows.has(`${to} ${from}`);
  });
}

const median = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length / 2)] ?? 0;

/** All figures, in the order of the table. */
export function measureHouse(root: string): Measure[] {
  const named = Object.entries(parts).map(([name, { folders, lines }]) => ({
    name,
    goal: lines,
    files: folders.flatMap((folder) => filesIn(root, folder)).map((path) => read(root, path)),
  }));
  const filesOf = (...names: string[]): File[] =>
    named.flatMap(({ name, files }) => (names.includes(name) ? files : []));
  const all = named.flatMap(({ files }) => files);
  const sources = all.filter(({ path }) => !/^(scripts|bench)\//.test(path));
  const long = all.filter(({ lines }) => lines > LONG);
  const folders = new Map<string, number>();
  for (const { path } of all) folders.set(dirname(path), (folders.get(dirname(path)) ?? 0) + 1);
  const full = [...folders].filter(([folder, files]) => files > MOST_FILES && folder !== LISTED);
  const entries = published.flatMap((folder) => entriesIn(root, folder));
  const { counts, wrong } = exportedNames(root);
  const short = sources.filter(
    ({ path, lines }) =>
      lines < SHORT && !MAY_BE_SHORT.test(path) && !entries.some(({ source }) => join(source) === path),
  );
  const ofCommand = pairs(root, "packages/cli/src");
  const ofCore = pairs(root, "packages/core/src", ["layers", "init"]);
  const listed = (some: readonly File[]): string[] => some.map(({ path, lines }) => `${path}: ${lines}`);
  return [
    ...named.map(({ name, goal, files }) => ({
      name: `lines: ${name}`,
      figure: files.reduce((sum, { lines }) => sum + lines, 0),
      goal,
    })),
    {
      name: `files of under ${SHORT} lines`,
      figure: short.length,
      goal: 0,
      where: listed(short),
    },
    { name: `files of over ${LONG} lines`, figure: long.length, goal: 0, where: listed(long) },
    {
      name: "lines of the median file",
      figure: median(sources.map(({ lines }) => lines).sort((a, b) => a - b)),
      goal: 160,
    },
    {
      name: `folders of over ${MOST_FILES} files`,
      figure: full.length,
      goal: 0,
      where: full.map(([folder, files]) => `${folder}: ${files}`),
    },
    {
      name: "exported names",
      figure: [...counts].reduce((sum, [entry, names]) => sum + (APART.includes(entry) ? 0 : names), 0),
      goal: 350,
    },
    { name: "exported names: @flowify/core", figure: counts.get("@flowify/core") ?? 0, goal: 55 },
    { name: "names listed twice, or renamed", figure: wrong.length, goal: 0, where: wrong },
    {
      name: "folder pairs both ways: command",
      figure: ofCommand.length,
      goal: 0,
      where: ofCommand,
    },
    { name: "folder pairs both ways: core", figure: ofCore.length, goal: 0, where: ofCore },
    {
      name: "x! in the command",
      figure: count(filesOf("command"), ts.isNonNullExpression),
      goal: 222, // half of what there was
    },
    {
      name: "x as T in core, onnx, jax-to-onnx",
      figure: count(
        filesOf("core", "onnx", "jax-to-onnx"),
        (node) => ts.isAsExpression(node) && !isConst(node),
      ),
      goal: 476, // half of what there was
    },
  ];
}
