import type { Env } from "../ui/terminal.js";

/** Which family of MPI started this process: each has its own constants and library. */
export type Family = "Open MPI" | "MPICH";

/** Variables that a launcher sets for each process; Slurm starts those of Open MPI by PMIx. */
const setBy: readonly (readonly [variable: string, family: Family])[] = [
  ["OMPI_COMM_WORLD_SIZE", "Open MPI"],
  ["PMI_SIZE", "MPICH"],
  ["PMIX_RANK", "Open MPI"],
];

/** The family of the launcher; undefined for a process that no launcher of MPI has started. */
export const launchedBy = (env: Env): Family | undefined =>
  setBy.find(([variable]) => env[variable] !== undefined)?.[1];

/** The number of processes as the launcher says it, where it does. */
export function launchedSize(env: Env): number | undefined {
  const size = Number(env.OMPI_COMM_WORLD_SIZE ?? env.PMI_SIZE);
  return Number.isInteger(size) ? size : undefined;
}
