import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

/** The libraries of ONNX Runtime, in an install: one folder for each platform and processor. */
const LIBRARIES = "node_modules/onnxruntime-node/bin/napi-v6";
/** Smaller packages are added up. */
const SHOWN_BYTES = 5e6;

const bytesIn = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;

/** The size of what is installed in a folder, and its largest packages. */
export function installedSize(home: string): string {
  const modules = join(home, "node_modules");
  const names = readdirSync(modules).filter((name) => !name.startsWith("."));
  const sizes = names.map((name) => ({ name, bytes: bytesIn(join(modules, name)) }));
  const large = sizes.filter(({ bytes }) => bytes >= SHOWN_BYTES).sort((a, b) => b.bytes - a.bytes);
  const listed = large.map(({ name, bytes }) => `${name} ${megabytes(bytes)}`).join(", ");
  return `installed ${megabytes(bytesIn(modules))}: ${listed}`;
}

/** Removes the libraries of other platforms, as the README says that one can. */
export function removeOtherPlatforms(home: string): void {
  const libraries = join(home, LIBRARIES);
  for (const platform of readdirSync(libraries))
    for (const processor of readdirSync(join(libraries, platform)))
      if (platform !== process.platform || processor !== process.arch)
        rmSync(join(libraries, platform, processor), { recursive: true });
}
