import { createHash } from "node:crypto";
import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { type FileHandle, open, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { DownloadError, UsageError } from "@flowify/core";
import * as v from "valibot";
import { syncFolder } from "../files/atomic.js";
import { makeFolder } from "../runs/folder.js";
import { type Answer, ask, TransferError } from "./http.js";

const notesSchema = v.strictObject({ url: v.string(), validator: v.string() });

/** A partial download next to the final path: `NAME.part`, with metadata in `NAME.part.json`. */
type Partial = Readonly<{
  path: string;
  /** Number of bytes from which a download can resume. */
  size(): number;
  /** The server's identifier of their version. */
  validator(): string | undefined;
  /** Starts again with the bytes of this version; without a version, a later call cannot resume. */
  begin(validator: string | undefined): Promise<void>;
  remove(): Promise<void>;
}>;

function partialOf(path: string, url: string): Partial {
  const part = `${path}.part`;
  const notes = `${part}.json`;
  const validator = (): string | undefined => {
    if (!existsSync(part) || !existsSync(notes)) return undefined;
    try {
      const { url: from, validator: version } = v.parse(notesSchema, JSON.parse(readFileSync(notes, "utf8")));
      return from === url ? version : undefined;
    } catch {
      return undefined; // torn or foreign: treat it as missing
    }
  };
  const remove = async (): Promise<void> => {
    await rm(notes, { force: true });
    await rm(part, { force: true });
  };
  return {
    path: part,
    size: () => (validator() === undefined ? 0 : statSync(part).size),
    validator,
    begin: async (version) => {
      await remove();
      await writeFile(part, "");
      if (version !== undefined) await writeFile(notes, JSON.stringify({ url, validator: version }));
    },
    remove,
  };
}

/** A published file: its address and checksum. */
export type PublishedFile = Readonly<{
  url: string;
  checksum: Readonly<{ kind: "md5" | "sha256"; value: string }>;
}>;

export type FetchOptions = Readonly<{
  onBytes?: (done: number, total: number | undefined) => void;
  /** Called before a retry. */
  onRetry?: (why: string, pauseMs: number) => void;
  /** Waits; tests pass their own clock. */
  wait?: (milliseconds: number) => Promise<void>;
  idleMs?: number;
}>;

/** Most tries in a row without progress. */
const TRIES = 6;
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 60_000;
const IDLE = 30_000;
/** Largest download: no published file of images is larger. */
const MOST_BYTES = 2 ** 34;
const BUSY = [408, 425, 429, 500, 502, 503, 504];

const inMilliseconds = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/**
 * Downloads a file unless it is present: resumes an interrupted transfer, also one of an earlier call, retries with
 * growing pauses, verifies the checksum, and only then renames the file to its final name.
 *
 * @returns whether anything was downloaded
 * @throws DownloadError that names the address and the remedy, UsageError if the path holds another file
 */
export async function fetchFile(
  { url, checksum }: PublishedFile,
  path: string,
  options: FetchOptions = {},
): Promise<boolean> {
  const { wait = inMilliseconds, onRetry } = options;
  if (existsSync(path)) {
    if ((await digest(path, checksum.kind)) === checksum.value) return false;
    throw new UsageError(
      `${path}: already present, but its ${checksum.kind} differs from ${checksum.value}\nremove it, or choose another --out`,
    );
  }
  makeFolder(dirname(path));
  const partial = partialOf(path, url);
  let furthest = partial.size();
  let failures = 0;
  for (;;) {
    try {
      await transfer(url, partial, options);
      await expectChecksum(partial, checksum);
      await rename(partial.path, path);
      await partial.remove();
      await syncFolder(dirname(path));
      return true;
    } catch (error) {
      if (!(error instanceof TransferError)) throw error;
      const size = partial.size();
      failures = size > furthest ? 1 : failures + 1;
      furthest = Math.max(furthest, size);
      if (failures >= TRIES) throw givenUp(url, path, error, size);
      const pause = Math.min(LONGEST_PAUSE, Math.max(error.after, FIRST_PAUSE * 2 ** (failures - 1)));
      onRetry?.(error.message, pause);
      await wait(pause);
    }
  }
}

function givenUp(url: string, path: string, cause: TransferError, size: number): DownloadError {
  const again = size > 0 ? `run the command again: it continues from ${size} bytes` : "try again later";
  return new DownloadError(
    `${url}: ${cause.message}, ${TRIES} times in a row\n${again}; or download it yourself to ${path}`,
    { cause },
  );
}

/** One transfer, from the end of the last one. */
async function transfer(
  url: string,
  partial: Partial,
  { onBytes, idleMs = IDLE }: FetchOptions,
): Promise<void> {
  const from = partial.size();
  const version = from > 0 ? partial.validator() : undefined;
  const range = version === undefined ? {} : { range: `bytes=${from}-`, "if-range": version };
  const answer = await ask(url, { "accept-encoding": "identity", ...range }, idleMs);
  try {
    const { begin, total } = await placeOf(url, answer, partial, from);
    const file = await open(partial.path, "a");
    try {
      const size = await append(url, answer, file, begin, (done) => onBytes?.(done, total));
      if (total !== undefined && size !== total)
        throw new TransferError(`${size} bytes arrived, expected ${total}`);
      await file.sync();
    } finally {
      await file.close();
    }
  } finally {
    answer.close();
  }
}

/** Offset of the bytes of a response, and the total size. */
async function placeOf(
  url: string,
  { status, header }: Answer,
  partial: Partial,
  from: number,
): Promise<{ begin: number; total: number | undefined }> {
  if (status === 200) {
    await partial.begin(validatorOf(header));
    const length = header("content-length");
    return { begin: 0, total: length === undefined ? undefined : Number(length) };
  }
  if (status === 206 || status === 416) {
    const [, begin, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(header("content-range") ?? "") ?? [];
    if (status === 206 && from > 0 && Number(begin) === from) return { begin: from, total: Number(total) };
    await partial.remove();
    throw new TransferError("the server sent another part than requested: the download starts again");
  }
  if (BUSY.includes(status)) {
    const seconds = Number(header("retry-after"));
    throw new TransferError(`status ${status}`, { after: Number.isFinite(seconds) ? 1000 * seconds : 0 });
  }
  const what = [404, 410].includes(status) ? "the file is gone" : "the server refused the request";
  throw new DownloadError(
    `${url}: status ${status}, ${what}\nname another server with the same files: --mirror URL`,
  );
}

/** Validator for `If-Range`: a strong ETag, or a date. */
function validatorOf(header: Answer["header"]): string | undefined {
  const tag = header("etag");
  return tag !== undefined && !tag.startsWith("W/") ? tag : header("last-modified");
}

async function append(
  url: string,
  { body }: Answer,
  file: FileHandle,
  begin: number,
  onBytes: (done: number) => void,
): Promise<number> {
  let size = begin;
  for await (const piece of body) {
    await file.writeFile(piece);
    size += piece.length;
    if (size > MOST_BYTES)
      throw new DownloadError(`${url}: more than ${MOST_BYTES} bytes: the download stopped`);
    onBytes(size);
  }
  return size;
}

async function digest(path: string, kind: "md5" | "sha256"): Promise<string> {
  const hash = createHash(kind);
  for await (const piece of createReadStream(path)) hash.update(piece as Uint8Array);
  return hash.digest("hex");
}

/** A file with a wrong checksum is deleted: the position of the error is unknown. */
async function expectChecksum(partial: Partial, { kind, value }: PublishedFile["checksum"]): Promise<void> {
  const found = await digest(partial.path, kind);
  if (found === value) return;
  await partial.remove();
  throw new TransferError(
    `its ${kind} is ${found}, expected ${value}: damaged in transfer, or replaced by another file`,
  );
}
