import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { FlowifyError } from "@flowify/core";
import { loadDataSet } from "flowify";
import { cifarRecords } from "../../packages/cli/test/data/cifar-files.js";
import { idxBytes } from "../../packages/cli/test/data/idx-files.js";
import { npyBytes, ramp } from "../../packages/cli/test/data/npy-files.js";
import { pngBytes } from "../../packages/cli/test/data/picture-files.js";
import { tarBytes } from "../../packages/cli/test/data/tar-files.js";
import { zipBytes } from "../../packages/cli/test/data/zip-files.js";
import { drawFrom, type FuzzResult, mutated, type Random } from "../../scripts/acceptance/mutated-files.js";

/** A form of data: the place of a mutated file in a folder, and how its bytes are made. */
type Kind = Readonly<{
  file: string;
  /** What `--data` names: the file, or the folder. */
  folder?: boolean;
  make(draw: Random): Uint8Array | Promise<Uint8Array>;
}>;

const LIMIT_MS = 10_000;

/** Half of the files are damaged in what is packed, half in the packing. */
const packed =
  (pack: (content: Uint8Array) => Promise<Uint8Array>, contents: readonly Uint8Array[]) =>
  async (draw: Random): Promise<Uint8Array> =>
    draw(2) === 0 ? pack(mutated(contents, draw)) : mutated(await Promise.all(contents.map(pack)), draw);

async function kinds(): Promise<Kind[]> {
  const npy = [npyBytes([6, 4, 4], ramp(96)), npyBytes([6, 4, 4, 3], ramp(288), { version: 2 })];
  const idx = [idxBytes([6, 4, 4], ramp(96))];
  const cifar = [cifarRecords(2)];
  const pngs = [await pngBytes(0), await pngBytes(1), await pngBytes(2, 8, 6, 3)];
  const tar = (png: Uint8Array) =>
    tarBytes([
      ["a/1.png", pngs[0]!],
      ["a/2.png", png],
      [`${"long/".repeat(40)}3.png`, pngs[1]!],
    ]);
  const zip = async (png: Uint8Array) =>
    zipBytes([
      { name: "1.png", content: pngs[0]!, stored: true },
      { name: "2.png", content: png },
    ]);
  const npz = async (array: Uint8Array) => zipBytes([{ name: "x.npy", content: array }]);
  return [
    { file: "a.npy", make: (draw) => mutated(npy, draw) },
    { file: "a.npz", make: packed(npz, npy) },
    { file: "a.idx", make: (draw) => mutated(idx, draw) },
    { file: "a-idx3-ubyte.gz", make: packed(async (content) => gzipSync(content), idx) },
    { file: "data_batch_1_first2.bin", folder: true, make: (draw) => mutated(cifar, draw) },
    {
      file: "data_batch_1_first2.bin.gz",
      folder: true,
      make: packed(async (content) => gzipSync(content), cifar),
    },
    { file: "a.tar", make: packed(tar, pngs) },
    { file: "a.tar.gz", make: packed(async (png) => gzipSync(await tar(png)), pngs) },
    { file: "a.zip", make: packed(zip, pngs) },
    { file: "2.png", folder: true, make: (draw) => mutated(pngs, draw) },
  ];
}

/**
 * Loads mutated files of every form, the same ones for every seed, until `enough` says so. A file does harm where
 * it ends in another error than one of flowify's own, or not within ten seconds; it is kept in `folder` then.
 */
export async function loadMutated(
  folder: string,
  seed: number,
  enough: (files: number) => boolean,
): Promise<FuzzResult> {
  const draw = drawFrom(seed);
  const all = await kinds();
  const harmful: string[] = [];
  let [files, read, slowestMs] = [0, 0, 0];
  for (; !enough(files); files++) {
    const { file, folder: whole = false, make } = all[files % all.length]!;
    const place = join(folder, `${seed}-${files}`);
    mkdirSync(place, { recursive: true });
    if (file.endsWith("png")) writeFileSync(join(place, "1.png"), await pngBytes(0));
    writeFileSync(join(place, file), await make(draw));
    const name = whole ? place : join(place, file);
    const started = performance.now();
    const problem = await problemOf(
      loadDataSet({ name, reading: draw(2) === 0 ? {} : readings(file) }, "train"),
    );
    slowestMs = Math.max(slowestMs, performance.now() - started);
    if (problem === undefined) read++;
    if (problem) harmful.push(`${join(place, file)}: ${problem}`);
    else rmSync(place, { recursive: true });
  }
  return { files, read, harmful, slowestMs };
}

const readings = (file: string) =>
  /png|tar|zip/.test(file) ? { skipCorrupt: true, size: [5, 5] as const } : {};

/** Undefined where it was read, empty for an error of flowify's own. */
async function problemOf(loading: Promise<unknown>): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const hang = new Promise<string>((done) => {
    timer = setTimeout(() => done(`not read within ${LIMIT_MS / 1000} s`), LIMIT_MS);
  });
  const ending = loading.then(
    () => undefined,
    (error: unknown) => (error instanceof FlowifyError ? "" : ((error as Error).stack ?? String(error))),
  );
  try {
    return await Promise.race([ending, hang]);
  } finally {
    clearTimeout(timer);
  }
}
