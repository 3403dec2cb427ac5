import { readFileSync } from "node:fs";
import { availableParallelism, freemem } from "node:os";
import { dirname, join } from "node:path";

/** The text of a file; undefined if it cannot be read. */
type ReadText = (path: string) => string | undefined;

const readText: ReadText = (path) => {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
};

const ROOT = "/sys/fs/cgroup";

/**
 * Cores that this process may use: limited by its scheduling affinity and by the quota of a container or any enclosing
 * control group. A fraction of a core counts as one.
 */
export function availableCores(read = readText, scheduled = availableParallelism()): number {
  const groups = (read("/proc/self/cgroup") ?? "").split("\n").map((line) => line.split(":"));
  const pathOf = (controller: string): string =>
    groups.find(([, controllers = ""]) => controllers.split(",").includes(controller))?.[2] ?? "/";
  // version 2 has one tree with unnamed controllers; version 1 has one tree per controller
  const quotas = [
    ...upwards(pathOf("")).map((path) => read(join(ROOT, path, "cpu.max"))),
    ...["cpu", "cpu,cpuacct"].flatMap((tree) =>
      upwards(pathOf("cpu")).map((path) => {
        const folder = join(ROOT, tree, path);
        const period = read(join(folder, "cpu.cfs_period_us"));
        return period && `${read(join(folder, "cpu.cfs_quota_us"))} ${period}`;
      }),
    ),
  ];
  const cores = quotas.map((text) => {
    const [quota, period] = (text ?? "max 100000").split(" ").map(Number) as [number, number];
    return quota > 0 && period > 0 ? Math.ceil(quota / period) : Number.POSITIVE_INFINITY;
  });
  return Math.max(1, Math.min(scheduled, ...cores));
}

/** A path and all its parents: `/a/b`, `/a`, `/`. */
const upwards = (path: string): string[] => (path === "/" ? [path] : [path, ...upwards(dirname(path))]);

/**
 * Memory available to this process in bytes, within the limits of a container. Node before 20.13 reports only that of
 * the machine.
 */
export const availableMemory = (): number =>
  (process as { availableMemory?: () => number }).availableMemory?.() ?? freemem();
