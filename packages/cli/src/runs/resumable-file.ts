import { existsSync, readFileSync, statSync } from "node:fs";
import { type FileHandle, open, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DataError, UsageError } from "@flowify/core";
import * as v from "valibot";
import { removeTemporaryFiles, syncFolder, type Write, writeFileAtomic } from "../files/atomic.js";
import { expectNoFile, placeOf } from "../files/place.js";
import { makeFolder } from "./folder.js";
import { lockRun, type RunLock } from "./lock.js";

/** Progress is recorded after the first piece, then at most this often. */
const EVERY_MS = 1000;

/** A file in pieces, with the state that its writer needs to go on after a kill. */
export type ResumableFile<State> = Readonly<{
  /** What was last kept; undefined where the file begins. */
  kept: State | undefined;
  write: Write;
  /** Records that everything written so far belongs to this state; not more often than once a second, unless it is the `last` one. */
  keep(state: State, last?: boolean): Promise<void>;
}>;

export type ResumableOptions<State> = Readonly<{
  /** All that decides the content, by name: a file goes on only where every fact is the same. */
  facts: Readonly<Record<string, string>>;
  /** Of the kept state, which is stored as JSON. */
  state: v.GenericSchema<unknown, State>;
  warn(line: string): void;
}>;

const recordOf = <State>(state: v.GenericSchema<unknown, State>) =>
  v.strictObject({
    format: v.literal("flowify-part"),
    version: v.literal(1),
    facts: v.record(v.string(), v.string()),
    bytes: v.pipe(v.number(), v.integer(), v.minValue(0)),
    state,
  });

/**
 * Writes a file in pieces so that a later call goes on where a killed one stopped. Until it is complete, it is
 * `FILE.part/content`, beside `FILE.part/progress.json`; both are synced, then the content is renamed. A call with other
 * facts starts anew, with a warning that names them. The part stays where the same call may succeed later.
 *
 * @throws UsageError where another process writes it, or `FILE.part` is no folder
 */
export async function writeResumable<State>(
  path: string,
  options: ResumableOptions<State>,
  produce: (file: ResumableFile<State>) => Promise<void>,
): Promise<void> {
  const target = placeOf(path).path;
  const folder = partFolder(target);
  await writePart(folder, options, produce, async (content) => {
    await rename(content, target);
    await syncFolder(dirname(target));
  });
}

/** The folder of a file that is not complete. */
export const partFolder = (target: string): string => `${target}.part`;

/**
 * The same for content that `finish` takes away; without it, it stays, and a later call finds it complete.
 *
 * @throws UsageError where another process writes it, or the folder is none
 */
export async function writePart<State>(
  folder: string,
  { facts, state, warn }: ResumableOptions<State>,
  produce: (file: ResumableFile<State>) => Promise<void>,
  finish?: (content: string) => Promise<void>,
): Promise<void> {
  const [content, record] = [join(folder, "content"), join(folder, "progress.json")];
  expectNoFile(folder, "a folder for unfinished output\nmove it away, or choose another --out");
  makeFolder(folder);
  const lock = await lockedPart(folder);
  const remove = async (): Promise<void> => {
    for (const file of [record, content]) await rm(file, { force: true });
  };
  try {
    await removeTemporaryFiles(folder);
    const found = foundIn(record, content, recordOf(state));
    const other = found && namesOfChanges(found.facts, facts);
    if (found === null) warn(`${folder}: its record is damaged, so it is written anew`);
    if (other) warn(`${folder}: begun with another ${other}, so it is written anew`);
    const going = other ? undefined : (found ?? undefined);
    if (!going) await remove();
    const file = await open(content, "a");
    try {
      await file.truncate(going?.bytes ?? 0);
      const keep = recorder(file, (bytes, kept) =>
        writeFileAtomic(
          record,
          JSON.stringify({ format: "flowify-part", version: 1, facts, bytes, state: kept }),
        ),
      );
      await produce({ kept: going?.state, write: async (data) => file.writeFile(data), keep });
      await file.sync();
    } finally {
      await file.close();
    }
    if (finish) {
      await finish(content);
      await remove();
    }
  } catch (error) {
    const isFinal = error instanceof DataError || error instanceof UsageError;
    if (isFinal || !existsSync(record)) await remove();
    throw error;
  } finally {
    lock.release();
    await removeEmpty(folder);
  }
}

async function lockedPart(folder: string): Promise<RunLock> {
  try {
    return lockRun(folder);
  } catch (error) {
    await removeEmpty(folder); // a full disk holds no lock
    throw error;
  }
}

/** What a part holds that no process writes; undefined where there is none, or it is damaged. */
export function readPart<State>(
  folder: string,
  state: v.GenericSchema<unknown, State>,
): Readonly<{ content: string; bytes: number; state: State }> | undefined {
  const content = join(folder, "content");
  const found = foundIn(join(folder, "progress.json"), content, recordOf(state));
  return found ? { content, bytes: found.bytes, state: found.state } : undefined;
}

/** Syncs the content before the record that counts it. */
function recorder(file: FileHandle, write: (bytes: number, state: unknown) => Promise<void>) {
  let next = Number.NEGATIVE_INFINITY;
  return async (state: unknown, last = false): Promise<void> => {
    if (!last && performance.now() < next) return;
    await file.sync();
    await write((await file.stat()).size, state);
    next = performance.now() + EVERY_MS;
  };
}

/** The record of a part that can go on; undefined where there is none, null where it is damaged. */
function foundIn<Schema extends v.GenericSchema>(
  record: string,
  content: string,
  schema: Schema,
): v.InferOutput<Schema> | undefined | null {
  if (!existsSync(record)) return undefined;
  try {
    const found = v.parse(schema, JSON.parse(readFileSync(record, "utf8"))) as { bytes: number };
    return (statSync(content, { throwIfNoEntry: false })?.size ?? -1) >= found.bytes ? found : null;
  } catch {
    return null;
  }
}

/** `run, --false-alarms`; undefined where all facts are the same. */
function namesOfChanges(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): string | undefined {
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...names].filter((name) => before[name] !== now[name]).join(", ") || undefined;
}

/** A part that stays, or that another process has begun by now, is not empty. */
async function removeEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch (error) {
    if (!["ENOTEMPTY", "EEXIST", "ENOENT"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}
