/**
 * What a user of the published packages gets: builds, packs the three tarballs, checks their manifests
 * and types, installs them into an empty folder, and runs the command and an import from there.
 *
 *     npm run check-pack [-- --no-build]     --no-build packs what is in dist already
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const packages = [
  { folder: "packages/core", name: "@flowify/core", needs: ["dist/index.js", "dist/index.d.ts"] },
  {
    folder: "packages/onnx",
    name: "@flowify/onnx",
    needs: ["dist/index.js", "dist/index.d.ts", "dist/browser.js"],
  },
  {
    folder: "packages/cli",
    name: "flowify",
    needs: ["dist/index.js", "dist/index.d.ts", "dist/main.js", "dist/format/index.js", "bin/flowify.js"],
  },
];
const everyPackage = ["package.json", "README.md", "LICENSE"];

const run = (command: string, args: readonly string[], cwd = "."): string =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

/** Does one step and says so; the first that fails ends the check, for the others build on it. */
function step<T>(name: string, action: () => T): T {
  try {
    const result = action();
    console.log(`ok    ${name}`);
    return result;
  } catch (error) {
    console.log(`FAIL  ${name}`);
    const { stdout = "", stderr = "", message } = error as Error & { stdout?: string; stderr?: string };
    throw new Error(`${stdout}${stderr}`.trim() || message, { cause: error });
  }
}

/** Packs a workspace; the tarball must hold what it needs and none of the sources. */
function pack(folder: string, needs: readonly string[], destination: string): string {
  const report = run("npm", ["pack", "--json", "--workspace", folder, "--pack-destination", destination]);
  const [packed] = JSON.parse(report) as [{ filename: string; files: { path: string }[] }];
  const paths = packed.files.map(({ path }) => path);
  const missing = [...everyPackage, ...needs].filter((path) => !paths.includes(path));
  const foreign = paths.filter((path) => !everyPackage.includes(path) && !/^(dist|bin)\//.test(path));
  if (missing.length > 0)
    throw new Error(`${folder}: the tarball lacks ${missing.join(", ")}: was it built?`);
  if (foreign.length > 0) throw new Error(`${folder}: the tarball should not hold ${foreign.join(", ")}`);
  return join(destination, packed.filename);
}

/** Every package is imported by its name and exports something. */
const importScript = `
import * as core from "@flowify/core";
import * as onnx from "@flowify/onnx";
import * as flowify from "flowify";
for (const [name, module] of Object.entries({ core, onnx, flowify })) {
  const names = Object.keys(module);
  if (names.length === 0) throw new Error(name + " exports nothing");
  console.log(name + ": " + names.length + " names");
}
// the script of the threads beside the main one has to be in the package
const executor = await onnx.nativeExecutor({ threads: 2 });
if (executor.lanes !== 2) throw new Error("the native executor has " + executor.lanes + " lanes");
const spec = new core.ArraySpec([3], "float32");
const program = await executor.compile((a) => a.add(1), [spec], { lanes: true });
const three = new core.HostArray(Float32Array.of(1, 2, 3), [3], "float32");
const { data } = await executor.fetch(await program.run([three], { lane: 1 }));
if (data.join() !== "2,3,4") throw new Error("the second lane gave " + data.join());
await executor.dispose();
`;

function main(folder: string): void {
  if (!process.argv.includes("--no-build")) {
    for (const { folder: workspace } of packages) {
      rmSync(join(workspace, "dist"), { recursive: true, force: true });
      step(`build ${workspace}`, () => run("npm", ["run", "build", "--workspace", workspace]));
    }
  }
  const tarballs = packages.map(({ folder: workspace, needs }) =>
    step(`pack ${workspace}`, () => pack(workspace, needs, folder)),
  );
  for (const [i, tarball] of tarballs.entries()) {
    step(`publint ${packages[i]?.name}`, () => run("publint", ["run", tarball, "--strict"]));
    step(`types of ${packages[i]?.name}`, () => run("attw", [tarball, "--profile", "esm-only"]));
  }
  const home = join(folder, "home");
  step("install the tarballs into an empty folder", () => {
    mkdirSync(home);
    writeFileSync(join(home, "package.json"), JSON.stringify({ private: true, type: "module" }));
    run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", ...tarballs], home);
    const linked = readdirSync(join(home, "node_modules", "@flowify"), { withFileTypes: true });
    if (linked.some((entry) => entry.isSymbolicLink())) throw new Error("a package is only a link");
  });
  step("npx flowify --help", () => {
    const help = run("npx", ["--no-install", "flowify", "--help"], home);
    if (!help.includes("flowify")) throw new Error(`--help printed:\n${help}`);
  });
  step("import the packages", () => {
    writeFileSync(join(home, "import.js"), importScript);
    run(process.execPath, ["import.js"], home);
  });
}

const folder = mkdtempSync(join(tmpdir(), "flowify-pack-"));
try {
  main(folder);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
