import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { DownloadError, UsageError } from "@flowify/core";
import { syncFolder } from "../files/atomic.js";
import { makeFolder } from "../runs/folder.js";
import { type Answer, ask, TransferError } from "./http.js";

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

const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0);

const inMilliseconds = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/**
 * Downloads a file unless it is present: resumes an interrupted transfer, also one of an earlier call, retries with
 * growing pauses, verifies the checksum, and only then renames the file to its final name. Until then it is `NAME.part`; parts
 * of two versions have another checksum, and the download starts again.
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
  const part = `${path}.part`;
  let furthest = sizeOf(part);
  let failures = 0;
  for (;;) {
    try {
      await transfer(url, part, options);
      await expectChecksum(part, checksum);
      renameSync(part, path);
      await syncFolder(dirname(path));
      return true;
    } catch (error) {
      if (!(error instanceof TransferError)) throw error;
      const size = sizeOf(part);
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
async function transfer(url: string, part: string, { onBytes, idleMs = IDLE }: FetchOptions): Promise<void> {
  const from = sizeOf(part);
  const range = from > 0 && { range: `bytes=${from}-` };
  const answer = await ask(url, { "accept-encoding": "identity", ...range }, idleMs);
  try {
    const { begin, total } = placeOf(url, answer, part, from);
    const file = openSync(part, begin > 0 ? "a" : "w");
    let size = begin;
    try {
      await answer.receive((piece) => {
        writeSync(file, piece);
        size += piece.length;
        if (size > MOST_BYTES)
          throw new DownloadError(`${url}: more than ${MOST_BYTES} bytes: the download stopped`);
        onBytes?.(size, total);
      });
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (total !== undefined && size !== total)
      throw new TransferError(`${size} bytes arrived, expected ${total}`);
  } finally {
    answer.response.destroy();
  }
}

/** Offset of the bytes of a response, and the total size. */
function placeOf(
  url: string,
  { response: { statusCode: status = 0, headers } }: Answer,
  part: string,
  from: number,
): { begin: number; total: number | undefined } {
  if (status === 200) {
    const length = headers["content-length"];
    return { begin: 0, total: length === undefined ? undefined : Number(length) };
  }
  if (status === 206 || status === 416) {
    const [, begin, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers["content-range"] ?? "") ?? [];
    if (status === 206 && from > 0 && Number(begin) === from) return { begin: from, total: Number(total) };
    rmSync(part, { force: true });
    throw new TransferError("the server sent another part than requested: the download starts again");
  }
  if (BUSY.includes(status)) {
    const seconds = Number(headers["retry-after"]);
    throw new TransferError(`status ${status}`, { after: Number.isFinite(seconds) ? 1000 * seconds : 0 });
  }
  const what = [404, 410].includes(status) ? "the file is gone" : "the server refused the request";
  throw new DownloadError(
    `${url}: status ${status}, ${what}\nname another server with the same files: --mirror URL`,
  );
}

async function digest(path: string, kind: "md5" | "sha256"): Promise<string> {
  const hash = createHash(kind);
  for await (const piece of createReadStream(path)) hash.update(piece as Uint8Array);
  return hash.digest("hex");
}

/** A file with a wrong checksum is deleted: the position of the error is unknown. */
async function expectChecksum(part: string, { kind, value }: PublishedFile["checksum"]): Promise<void> {
  const found = await digest(part, kind);
  if (found === value) return;
  rmSync(part);
  throw new TransferError(
    `its ${kind} is ${found}, expected ${value}: damaged in transfer, or replaced by another file`,
  );
}
