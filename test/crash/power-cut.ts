/**
 * Runs a command (`node power-cut.ts COMMAND …`): counts what it does to files, and at a given one of these operations the
 * power goes. What was written and not synced is then cut short at random, a rename into a folder that was not synced is
 * undone by the toss of a coin, and the process is killed.
 *
 *     CRASH_AT      the number of the operation; without it nothing happens but counting
 *     CRASH_COUNT   a file that gets the number of operations when the process ends by itself
 *     CRASH_SEED    of the cuts
 *     CRASH_FAULT   no-sync: syncing does nothing; no-rename: a file is copied over the old one, bit by bit
 */
import fs, { writeFileSync } from "node:fs";
import promises, { type FileHandle } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { makeRng } from "@flowify/core/layer";

const { CRASH_AT, CRASH_COUNT, CRASH_SEED = "0", CRASH_FAULT } = process.env;
const at = Number(CRASH_AT ?? Number.POSITIVE_INFINITY);
const random = makeRng(Number(CRASH_SEED));

/** Bytes of each file that would survive a power cut, of those that have more. */
const durable = new Map<string, number>();
const renames: { from: string; to: string; fresh: boolean }[] = [];
const paths = new Map<number, string>();
let operations = 0;

const real = {
  open: promises.open,
  rename: promises.rename,
  openSync: fs.openSync,
  writeSync: fs.writeSync,
  fsyncSync: fs.fsyncSync,
  closeSync: fs.closeSync,
};

function cutPower(): never {
  for (const [path, length] of durable) {
    if (!fs.existsSync(path)) continue;
    const lost = fs.statSync(path).size - length;
    fs.truncateSync(path, length + random.integer(lost + 1));
  }
  for (const { from, to, fresh } of renames.toReversed())
    if (fresh && fs.existsSync(to) && random.integer(2) === 0) fs.renameSync(to, from);
  process.kill(process.pid, "SIGKILL");
  throw new Error("killed");
}

/** One operation on a file is about to begin. */
function tick(): void {
  if (++operations === at) cutPower();
}

const wrote = (path: string): void => {
  if (!durable.has(path)) durable.set(path, 0);
};

const synced = (path: string): void => {
  if (CRASH_FAULT === "no-sync") return;
  durable.delete(path);
  for (let i = renames.length - 1; i >= 0; i--)
    if (dirname(renames[i]?.to ?? "") === path) renames.splice(i, 1);
};

/** The file in small pieces, so that the power can go between them. */
async function writePieces(file: FileHandle, data: Uint8Array | string): Promise<void> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  const piece = Math.max(1, Math.ceil(bytes.length / 4));
  for (let start = 0; start < bytes.length; start += piece) {
    tick();
    await file.write(bytes, start, Math.min(piece, bytes.length - start));
  }
}

promises.open = async (path, flags, mode) => {
  const file = await real.open(path, flags, mode);
  const name = String(path);
  if (flags !== "r" && flags !== undefined) wrote(name);
  const sync = file.sync.bind(file);
  file.sync = async () => {
    tick();
    if (CRASH_FAULT !== "no-sync") await sync();
    synced(name);
  };
  file.writeFile = (data) => writePieces(file, data);
  return file;
};

promises.rename = async (from, to) => {
  const [source, target] = [String(from), String(to)];
  tick();
  const fresh = !fs.existsSync(target);
  if (CRASH_FAULT === "no-rename") {
    const bytes = fs.readFileSync(source);
    const file = await real.open(target, "w");
    wrote(target);
    await writePieces(file, bytes);
    await file.close();
    fs.rmSync(source);
    return;
  }
  await real.rename(from, to);
  const length = durable.get(source);
  durable.delete(source);
  if (length !== undefined) durable.set(target, length);
  renames.push({ from: source, to: target, fresh });
};

fs.openSync = ((path: fs.PathLike, flags: fs.OpenMode, mode?: fs.Mode) => {
  const descriptor = real.openSync(path, flags, mode);
  if (flags !== "r") paths.set(descriptor, String(path));
  return descriptor;
}) as typeof fs.openSync;

fs.writeSync = ((descriptor: number, ...rest: [never]) => {
  const path = paths.get(descriptor);
  if (path !== undefined) {
    tick();
    if (!durable.has(path)) durable.set(path, fs.statSync(path).size);
  }
  return real.writeSync(descriptor, ...rest);
}) as typeof fs.writeSync;

fs.fsyncSync = (descriptor) => {
  const path = paths.get(descriptor);
  if (path !== undefined) tick();
  if (CRASH_FAULT !== "no-sync") real.fsyncSync(descriptor);
  if (path !== undefined) synced(path);
};

fs.closeSync = (descriptor) => {
  paths.delete(descriptor);
  real.closeSync(descriptor);
};

syncBuiltinESMExports();
const [node = "", , command = "", ...args] = process.argv;
process.argv = [node, command, ...args];
if (CRASH_COUNT !== undefined) process.on("exit", () => writeFileSync(CRASH_COUNT, String(operations)));
await import(pathToFileURL(command).href);
