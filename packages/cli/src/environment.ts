import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { arch, cpus, platform } from "node:os";
import { dirname, join } from "node:path";
import { availableCores } from "@flowify/onnx";
import type { Environment } from "./run-config.js";

const require = createRequire(import.meta.url);

/** The version of an installed package, from the package.json above its entry; null if not installed. */
function versionOf(name: string): string | null {
  try {
    let folder = dirname(require.resolve(name));
    while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
    return (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string }).version;
  } catch {
    return null;
  }
}

/** The version of flowify: package.json is one folder above both the sources and the build. */
export const { version } = require("../package.json") as { version: string };

/**
 * @param threads of the device; by default one per core
 * @param workers of the device, where that was asked for
 * @param parts of a batch that a process computes side by side, once they are known
 * @param ranks processes that train together
 */
export function environment({
  threads,
  workers,
  parts,
  ranks = 1,
}: {
  threads?: number | undefined;
  workers?: number | undefined;
  parts?: number | undefined;
  ranks?: number;
} = {}): Environment {
  const cores = availableCores();
  return {
    flowify: version,
    node: process.version,
    jax: versionOf("@jax-js/jax") ?? "unknown",
    onnxruntime: versionOf("onnxruntime-node"),
    platform: `${platform()} ${arch()}`,
    cpu: cpus()[0]?.model ?? "unknown",
    cores,
    threads: threads ?? cores,
    ...(workers !== undefined && { workers }),
    ...(parts !== undefined && { parts }),
    ...(ranks > 1 && { ranks }),
  };
}
