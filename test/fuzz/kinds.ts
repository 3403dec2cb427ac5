import { gzipSync } from "node:zlib";
import { loadDataSet } from "flowify";
import { cifarRecords } from "../../packages/cli/test/data/cifar-files.js";
import { idxBytes } from "../../packages/cli/test/data/idx-files.js";
import { npyBytes, ramp } from "../../packages/cli/test/data/npy-files.js";
import { pngBytes } from "../../packages/cli/test/data/picture-files.js";
import { tarBytes } from "../../packages/cli/test/data/tar-files.js";
import { zipBytes } from "../../packages/cli/test/data/zip-files.js";
import { mutated, type Random } from "./mutated.js";

type Files = { readonly [name: string]: Uint8Array };

/** What a parser reads: the files of a folder, one of them mutated, and how it is made to read them. */
export type Kind = Readonly<{
  name: string;
  make(draw: Random): Files | Promise<Files>;
  read(folder: string, draw: Random): unknown;
}>;

/** Half of the files are damaged in what is packed, half in the packing. */
const packed =
  (pack: (content: Uint8Array) => Promise<Uint8Array>, contents: readonly Uint8Array[]) =>
  async (draw: Random): Promise<Uint8Array> =>
    draw(2) === 0 ? pack(mutated(contents, draw)) : mutated(await Promise.all(contents.map(pack)), draw);

const gzipped = async (content: Uint8Array) => gzipSync(content);

/** One file that `--data` names, or that lies in the folder that it names. */
const images = (
  name: string,
  make: (draw: Random) => Uint8Array | Promise<Uint8Array>,
  { folder = false, beside = {} }: { folder?: boolean; beside?: Files } = {},
): Kind => ({
  name,
  make: async (draw) => ({ ...beside, [name]: await make(draw) }),
  read: (place, draw) => {
    const pictures = { skipCorrupt: true, size: [5, 5] as const };
    const reading = draw(2) === 0 || !/png|tar|zip/.test(name) ? {} : pictures;
    return loadDataSet({ name: folder ? place : `${place}/${name}`, reading }, "train");
  },
});

/** Every form of data. */
export async function imageKinds(): Promise<Kind[]> {
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
    images("a.npy", (draw) => mutated(npy, draw)),
    images("a.npz", packed(npz, npy)),
    images("a.idx", (draw) => mutated(idx, draw)),
    images("a-idx3-ubyte.gz", packed(gzipped, idx)),
    images("data_batch_1_first2.bin", (draw) => mutated(cifar, draw), { folder: true }),
    images("data_batch_1_first2.bin.gz", packed(gzipped, cifar), { folder: true }),
    images("a.tar", packed(tar, pngs)),
    images(
      "a.tar.gz",
      packed(async (png) => gzipSync(await tar(png)), pngs),
    ),
    images("a.zip", packed(zip, pngs)),
    images("2.png", (draw) => mutated(pngs, draw), { folder: true, beside: { "1.png": pngs[0]! } }),
  ];
}
