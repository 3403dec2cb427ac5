import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { UsageError } from "@flowify/core";
import { printable } from "../ui/printable.js";

type Holder = Readonly<{
  pid: number;
  host: string;
  started: string;
  processStart: string | null;
  token: string;
}>;

export type RunLock = Readonly<{ path: string; release(): void }>;

const LOCK_NAME = "run.lock";

/** Start time of a process, in ticks since boot: distinguishes a live holder from a later process with the same id. */
function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field, the command's name, may contain spaces; field 22 is the 20th after it.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}

function isAlive({ pid, processStart: recorded }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  const now = processStart(pid);
  return recorded === null || now === null || now === recorded;
}

function readHolder(path: string): Holder | undefined {
  try {
    const holder = JSON.parse(readFileSync(path, "utf8")) as Holder;
    return typeof holder?.pid === "number" && typeof holder.token === "string" ? holder : undefined;
  } catch {
    return undefined;
  }
}

/** Creates the lock together with its content, so that no process reads an empty one; false if one exists. */
function tryCreate(path: string, holder: Holder): boolean {
  const own = `${path}.${holder.token}`;
  try {
    writeFileSync(own, `${JSON.stringify(holder)}\n`, { flag: "wx" });
    linkSync(own, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS") throw error;
    return createWithoutLinks(path, holder);
  } finally {
    rmSync(own, { force: true });
  }
}

/** For file systems without hard links (FAT, some network shares). */
function createWithoutLinks(path: string, holder: Holder): boolean {
  try {
    writeFileSync(path, `${JSON.stringify(holder)}\n`, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Removes a dead holder's lock; if another process was faster, restores its new lock. */
function removeStale(path: string, stale: Holder | undefined, token: string): void {
  const aside = `${path}.stale.${token}`;
  try {
    renameSync(path, aside);
    const moved = readHolder(aside);
    if (moved && moved.token !== stale?.token) linkSync(aside, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "EEXIST") throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** A holder that still runs; one on another machine counts as running, because there is no way to check it. */
const holds = (holder: Holder): boolean => holder.host !== hostname() || isAlive(holder);

/** @throws UsageError that names the process that uses the folder, if there is one */
export function expectUnlocked(folder: string): void {
  const path = join(folder, LOCK_NAME);
  const holder = readHolder(path);
  if (holder && holds(holder)) throw inUse(folder, path, holder);
}

/**
 * Takes the folder of a run for this process: two runs never write to the same folder. Replaces the lock of a dead
 * process, and respects one of another machine.
 *
 * @throws UsageError that names the holder
 */
export function lockRun(folder: string): RunLock {
  const path = join(folder, LOCK_NAME);
  const token = randomUUID();
  const holder: Holder = {
    pid: process.pid,
    host: hostname(),
    started: new Date().toISOString(),
    processStart: processStart(process.pid),
    token,
  };
  for (let attempt = 0; attempt < 3; attempt++) {
    if (tryCreate(path, holder)) return held(path, token);
    const other = readHolder(path);
    if (other && holds(other)) throw inUse(folder, path, other);
    removeStale(path, other, token);
  }
  throw new UsageError(`${folder}: other processes use this folder; try again`);
}

function held(path: string, token: string): RunLock {
  const release = (): void => {
    process.off("exit", release);
    if (readHolder(path)?.token === token) rmSync(path, { force: true });
  };
  process.on("exit", release);
  return { path, release };
}

function inUse(folder: string, path: string, { pid, host, started }: Holder): UsageError {
  const here = hostname();
  const where = host === here ? "" : ` on ${printable(host)}`;
  const hint =
    host === here ? "wait for it, or choose another folder" : `if it no longer runs, remove ${path}`;
  return new UsageError(`${folder} is in use by process ${pid}${where} since ${printable(started)}\n${hint}`);
}
