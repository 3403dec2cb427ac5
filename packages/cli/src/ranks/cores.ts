import { readFileSync } from "node:fs";
import { availableCores } from "@flowify/onnx";

/** The cores that a process may use: how many, and which, where the system says it. */
export type Cores = Readonly<{ cores: number; which: string }>;

export function coresHere(): Cores {
  let status = "";
  try {
    status = readFileSync("/proc/self/status", "utf8");
  } catch {
    // not Linux: all ranks of a machine share its cores
  }
  return { cores: availableCores(), which: /^Cpus_allowed_list:\s*(.*)$/m.exec(status)?.[1] ?? "all" };
}

/**
 * Cores for each rank: those of a machine are divided among the ranks that may use the same ones, and all ranks take the
 * smallest share. A launcher that binds each rank to its own cores has divided them already.
 */
export const coresOfRank = (ranks: readonly (Cores & Readonly<{ host: string }>)[]): number =>
  Math.min(
    ...ranks.map(({ cores, host, which }) => {
      const sharing = ranks.filter((other) => other.host === host && other.which === which).length;
      return Math.max(1, Math.floor(cores / sharing));
    }),
  );
