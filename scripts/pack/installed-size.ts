import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

const bytesIn = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);

const megabytes = (folder: string): number => Math.round(bytesIn(folder) / 1e6);

/** The size of what is installed in a folder, and its packages of 5 MB and more. */
export function installedSize(home: string): string {
  const modules = join(home, "node_modules");
  const names = readdirSync(modules).filter((name) => !name.startsWith("."));
  const sizes = names.map((name) => [name, megabytes(join(modules, name))] as const);
  const large = sizes.filter(([, size]) => size >= 5).sort(([, a], [, b]) => b - a);
  return `installed ${megabytes(modules)} MB: ${large.map(([name, size]) => `${name} ${size}`).join(", ")}`;
}

/** Removes the libraries of ONNX Runtime for other platforms, as the README says that one can. */
export function removeOtherPlatforms(home: string): void {
  const libraries = join(home, "node_modules/onnxruntime-node/bin/napi-v6");
  for (const platform of readdirSync(libraries))
    for (const processor of readdirSync(join(libraries, platform)))
      if (platform !== process.platform || processor !== process.arch)
        rmSync(join(libraries, platform, processor), { recursive: true });
}
