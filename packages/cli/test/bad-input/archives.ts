import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { packTar, type TarEntry } from "modern-tar";
import { npyBytes, ramp } from "../data/npy-files.js";
import { pngBytes } from "../data/picture-files.js";
import { type ZipFileEntry, zipBytes } from "../data/zip-files.js";
import type { BadCommand } from "./bad-input.js";

type Case = [
  input: string,
  name: string,
  content: () => Uint8Array | Promise<Uint8Array>,
  culprit: string,
  remedy: string,
];

const png = await pngBytes(1);
const tar = (...files: (readonly [name: string, content: Uint8Array])[]) =>
  packTar(files.map(([name, body]) => ({ header: { name, size: body.length }, body })));
const special = (header: Partial<TarEntry["header"]>) =>
  packTar([{ header: { name: "l.png", size: 0, ...header } }]);
const zip = (...entries: Partial<ZipFileEntry>[]) =>
  zipBytes(entries.map((entry) => ({ name: "a.png", content: png, ...entry })));
const array = npyBytes([20, 4, 3], ramp(240));
const npz = (entry: Partial<ZipFileEntry>) => zipBytes([{ name: "x.npy", content: array, ...entry }]);

/** A tar whose first file claims to be this large. */
async function withSize(size: number): Promise<Uint8Array> {
  const bytes = Buffer.from(await tar(["a.png", png]));
  bytes.write(`${size.toString(8).padStart(11, "0")}\0`, 124, "latin1");
  bytes.fill(0x20, 148, 156);
  const sum = bytes.subarray(0, 512).reduce((a, b) => a + b, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return bytes;
}

const cases: readonly Case[] = [
  [
    "a tar that is none",
    "a.tar",
    () => Buffer.alloc(4096, "<!DOCTYPE html>"),
    "damaged, or not a tar archive",
    "fetch the file again, or write it again",
  ],
  [
    "a tar cut short",
    "a.tar",
    async () => (await tar(["a.png", png], ["b.png", png])).subarray(0, -1536),
    "damaged, or not a tar archive (Tar archive is truncated.)",
    "fetch the file again, or write it again",
  ],
  [
    "a tar without pictures",
    "a.tar",
    () => tar(["a.txt", png]),
    "no pictures (.png, .jpg, .webp); it holds a.txt",
    "it holds a.txt",
  ],
  [
    "a tar with a path upwards",
    "a.tar",
    () => tar(["x/../../b.png", png]),
    '"x/../../b.png": a path outside of the archive',
    "pack only the pictures, as plain files",
  ],
  [
    "a tar with an absolute path",
    "a.tar",
    () => tar(["/etc/a.png", png]),
    '"/etc/a.png": a path outside of the archive',
    "pack only the pictures, as plain files",
  ],
  [
    "a tar with a path of Windows",
    "a.tar",
    () => tar(["C:\\a.png", png]),
    "a path outside of the archive",
    "pack only the pictures, as plain files",
  ],
  [
    "a tar with a symbolic link to /etc/passwd",
    "a.tar",
    () => special({ type: "symlink", linkname: "/etc/passwd" }),
    '"l.png": a symlink, expected files and folders',
    "pack only the pictures, as plain files",
  ],
  [
    "a tar with a hard link",
    "a.tar",
    () => special({ type: "link", linkname: "a.png" }),
    '"l.png": a link, expected files and folders',
    "pack only the pictures, as plain files",
  ],
  [
    "a tar with a device",
    "a.tar",
    () => special({ type: "character-device" }),
    "a character-device, expected files and folders",
    "pack only the pictures, as plain files",
  ],
  [
    "a tar with a name twice",
    "a.tar",
    () => tar(["a.png", png], ["./a.png", png]),
    '"./a.png": present twice',
    "pack only the pictures, as plain files",
  ],
  [
    "a tar with a file of 4 GiB",
    "a.tar",
    () => withSize(2 ** 32),
    `${2 ** 32} bytes, expected at most 268435456`,
    "pack only the pictures, as plain files",
  ],
  [
    "a bomb: 128 MiB in 130 kB of tar.gz",
    "a.tar.gz",
    async () => gzipSync(await tar(["a.bin", new Uint8Array(2 ** 27)], ["a.png", png])),
    "unpacks to more than 200 times its size",
    "reading stopped",
  ],
  [
    "a tar.gz cut short",
    "a.tar.gz",
    async () => gzipSync(await tar(["a.png", png])).subarray(0, -20),
    "gzip file cut short",
    "fetch the file again, or write it again",
  ],
  [
    "a zip that is none",
    "a.zip",
    () => ramp(500),
    "damaged, or not a zip archive",
    "fetch the file again, or write it again",
  ],
  [
    "an empty zip",
    "a.zip",
    () => zip(),
    "no pictures (.png, .jpg, .webp); the archive is empty",
    "the archive is empty",
  ],
  [
    "a zip with a path upwards (zip slip)",
    "a.zip",
    () => zip({ name: "x/../../a.png" }),
    '"x/../../a.png": a path outside of the archive',
    "pack only the pictures, as plain files",
  ],
  [
    "a zip with a symbolic link",
    "a.zip",
    () => zip({ mode: 0o120777 }),
    '"a.png": a symlink, expected files and folders',
    "pack only the pictures, as plain files",
  ],
  [
    "a zip with a false checksum",
    "a.zip",
    () => zip({ crc: 7 }, { name: "b.png" }),
    "a.png: damaged (its checksum differs)",
    "fetch the file again, or write it again",
  ],
  [
    "a bomb: 32 MiB in 32 kB of zip",
    "a.zip",
    () => zip({ content: new Uint8Array(2 ** 25) }),
    "times as many for a picture",
    "expected at most 100 times as many",
  ],
  [
    "an npz of a pickle",
    "a.npz",
    () => npz({ content: npyBytes([4], ramp(4), { descr: "'|O'" }) }),
    ": x: holds Python objects (a pickle)",
    "numpy.stack(list(x))",
  ],
  [
    "an encrypted npz",
    "a.npz",
    () => npz({ flags: 1 }),
    "x.npy: encrypted",
    "unpack the archive with its password, and pack it again without one",
  ],
  [
    "an npz packed by LZMA",
    "a.npz",
    () => npz({ method: 14 }),
    "x.npy: packed by method 14",
    "expected stored (0) or deflate (8)",
  ],
  [
    "an npz with a size past deflate's",
    "a.npz",
    () => npz({ size: 2 ** 31 }),
    "bytes unpack to 2147483648: a wrong directory",
    "a wrong directory",
  ],
  [
    "an npz with an absolute path",
    "a.npz",
    () => npz({ name: "/etc/x.npy" }),
    '"/etc/x.npy": a path outside of the archive',
    "pack only the pictures, as plain files",
  ],
  [
    "an npz of arrays of any name",
    "a.npz",
    () => zipBytes(["a", "b"].map((name) => ({ name: `${name}.npy`, content: array }))),
    "holds a, b, expected x_train and x_test, or x",
    "use these names in numpy.savez",
  ],
];

/** Archives of pictures and of arrays. */
export const archives: readonly BadCommand[] = cases.map(([input, name, content, culprit, remedy]) => ({
  input,
  args: async ({ write }) => ["baseline", "--data", write(name, await content())],
  status: 2,
  code: "DATA",
  says: [culprit, remedy],
}));
