import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

const bytesIn = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);

const megabytes = (folder: string): number => Math.round(bytesIn(folder) / 1e6);

/** The megabytes that are installed in a folder; prints them, with the packages of 5 MB and more. */
export function installedSize(home: string): number {
  const modules = join(home, "node_modules");
  const names = readdirSync(modules).filter((name) => !name.startsWith("."));
  const sizes = names.map((name) => [name, megabytes(join(modules, name))] as const);
  const large = sizes.filter(([, size]) => size >= 5).sort(([, a], [, b]) => b - a);
  const all = megabytes(modules);
  console.log(`      installed ${all} MB: ${large.map(([name, size]) => `${name} ${size}`).join(", ")}`);
  return all;
}

/** Removes the libraries of ONNX Runtime for other platforms, as the README says that one can. */
export function removeOtherPlatforms(home: string): void {
  const libraries = join(home, "node_modules/onnxruntime-node/bin/napi-v6");
  for (const platform of readdirSync(libraries))
    for (const processor of readdirSync(join(libraries, platform)))
      if (platform !== process.platform || processor !== process.arch)
        rmSync(join(libraries, platform, processor), { recursive: true });
}

/** Share by which a size may differ from that in the README; of one kibibyte or megabyte always. */
const MARGIN = 0.05;

/** Throws where sizes, by rows of tables of the README, are other ones by now. */
export function expectSizes(measured: ReadonlyMap<string, number>): void {
  const rows = readFileSync("README.md", "utf8").split("\n");
  const wrong = [...measured].flatMap(([name, size]) => {
    const row = rows.find((each) => each.startsWith(`| ${name} |`) && /\d (KiB|MB)/.test(each));
    const stated = Number(/(\d+) (?:KiB|MB)/.exec(row ?? "")?.[1]);
    const right = Math.abs(stated - size) <= Math.max(1, MARGIN * size);
    return right ? [] : [`README.md: ${name}: expected ${size}, found ${row ?? "no row with its size"}`];
  });
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
}
