import { execFileSync, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** Of this repository. */
const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const flowify = resolve(root, "packages/cli/bin/flowify.js");

/** A launcher of MPI, with its flags for more ranks than cores, for the superuser, and for ranks bound to no core. */
export type Launcher = Readonly<{ name: string; command: readonly string[] }>;

const isInstalled = (name: string): boolean => {
  try {
    execFileSync(name, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

/** Those that are installed. */
export const launchers: readonly Launcher[] = [
  {
    name: "Open MPI",
    command: ["mpirun.openmpi", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none"],
  },
  { name: "MPICH", command: ["mpiexec.mpich"] },
].filter(({ command: [name = ""] }) => isInstalled(name));

/** `status` and all output of a job that has ended, and how many milliseconds it took. */
export type Ended = Readonly<{ status: number | null; output: string; ms: number }>;

export type Job = Readonly<{ end: Promise<Ended> }>;

/** Starts `flowify` with these arguments in so many ranks; without a launcher as one process, without MPI. */
export function start(launcher: Launcher | undefined, ranks: number, args: readonly string[]): Job {
  const began = performance.now();
  const command = [
    ...(launcher ? [...launcher.command, "-n", String(ranks)] : []),
    process.execPath,
    flowify,
    ...args,
  ];
  const [name = "", ...rest] = command;
  const child = spawn(name, rest, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  const end = new Promise<Ended>((done, fail) => {
    child.on("error", fail);
    child.on("close", (status) => done({ status, output, ms: performance.now() - began }));
  });
  return { end };
}

/** Runs a job to its end; throws where its exit status is not 0. */
export async function run(...args: Parameters<typeof start>): Promise<Ended> {
  const ended = await start(...args).end;
  if (ended.status === 0) return ended;
  throw new Error(`a job ended with ${ended.status}: ${ended.output.slice(-1000)}`);
}

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
