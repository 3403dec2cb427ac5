import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { type Ended, runToEnd, succeeded } from "../processes.js";
import { flowifyWith, LIMIT } from "./node.js";

/** A launcher of MPI, with its flags for more ranks than cores, for the superuser, and for ranks bound to no core. */
export type Launcher = Readonly<{ name: string; command: readonly string[] }>;

/** Those that are installed. */
export const launchers: readonly Launcher[] = [
  {
    name: "Open MPI",
    command: ["mpirun.openmpi", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none"],
  },
  { name: "MPICH", command: ["mpiexec.mpich"] },
].filter(({ command: [name = ""] }) => spawnSync(name, ["--version"], { timeout: 60_000 }).status === 0);

/** A command line of `flowify` in so many ranks; without a launcher as one process, without MPI. */
const commandOf = (launcher: Launcher | undefined, ranks: number, args: readonly string[]): string[] => [
  ...(launcher ? [...launcher.command, "-n", String(ranks)] : []),
  ...flowifyWith(args),
];

/** Starts a job: its status, and all that it prints. */
export async function start(...job: Parameters<typeof commandOf>): Promise<Ended> {
  const { output, said, ...ended } = await runToEnd(commandOf(...job), { timeout: LIMIT });
  return { ...ended, said, output: `${output}${said}` };
}

/** Runs a job to its end; throws where its exit status is not 0. */
export const run = (...job: Parameters<typeof commandOf>): Promise<Ended> =>
  succeeded(commandOf(...job), start(...job));

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // the process has ended
  }
};

/** The processes of the ranks whose command line holds this word, by rank. */
export function ranksWith(word: string): Map<number, number> {
  const found = new Map<number, number>();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    if (!read(`/proc/${pid}/cmdline`).split("\0").includes(word)) continue;
    const rank = /(?:OMPI_COMM_WORLD_RANK|PMI_RANK)=(\d+)/.exec(read(`/proc/${pid}/environ`))?.[1];
    if (rank !== undefined) found.set(Number(rank), Number(pid));
  }
  return found;
}
