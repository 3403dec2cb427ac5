import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DataError } from "@flowify/core";
import { describe, expect, it } from "vitest";
import { readIdx } from "../../src/data/idx.js";
import { temporaryFolder } from "../temporary-folder.js";
import { idxBytes } from "./idx-files.js";

const folder = temporaryFolder();
const pixels = Uint8Array.from({ length: 2 * 3 * 4 }, (_, index) => index * 10);
const good = idxBytes([2, 3, 4], pixels);

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** Headers with sizes that would take far more memory than there is. */
const huge = idxBytes([0xffffffff, 0xffffffff, 0xffffffff], pixels);

describe("readIdx", () => {
  it("reads sizes and elements, packed or not", async () => {
    for (const path of [write("plain", good), write("packed.gz", gzipSync(good))]) {
      expect(await readIdx(path, 3)).toEqual({ sizes: [2, 3, 4], data: pixels });
    }
  });

  it.each<[string, Uint8Array, string]>([
    ["an empty file", new Uint8Array(), "empty, expected an idx file (00 00 08 03 …)"],
    ["a file of 3 bytes", good.subarray(0, 3), "only 3 bytes, expected an idx file"],
    [
      "a PNG",
      Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d),
      "not an idx file: begins with 89 50 4e 47, expected 00 00 08 03",
    ],
    [
      "an unknown element type",
      idxBytes([2, 3, 4], pixels, 0x0a),
      "not an idx file: begins with 00 00 0a 03",
    ],
    [
      "32-bit floats",
      idxBytes([2, 3, 4], pixels, 0x0d),
      "holds 32-bit floats (type 0x0d), expected unsigned bytes (0x08)",
    ],
    [
      "labels in place of images",
      idxBytes([4], Uint8Array.of(1, 2, 3, 4)),
      "has 1 axis, expected 3 (images × rows × columns)",
    ],
    ["a header cut short", good.subarray(0, 10), "cut short inside its header: 10 bytes, expected 16"],
    [
      "elements cut short",
      good.subarray(0, 30),
      "2 × 3 × 4, which takes 40 bytes, but the file has 30: cut short",
    ],
    [
      "trailing bytes",
      new Uint8Array([...good, 0]),
      "which takes 40 bytes, but the file has 41: trailing bytes",
    ],
    [
      "zero examples",
      idxBytes([0, 3, 4], new Uint8Array()),
      "its header says 0 × 3 × 4, so it holds no examples",
    ],
    ["a header larger than the file", huge, "4294967295 × 4294967295 × 4294967295, which takes"],
    ["a header larger than the file, packed", gzipSync(huge), "cut short, or a wrong header"],
    ["a packed empty file", gzipSync(new Uint8Array()), "empty, expected an idx file"],
    ["a gzip file cut short", gzipSync(good).subarray(0, 30), "cut short"],
    ["a gzip header alone", gzipSync(good).subarray(0, 5), "empty, expected an idx file"],
    [
      "trailing bytes, packed",
      gzipSync(new Uint8Array([...good, 0])),
      "more than the 40 bytes of its header",
    ],
    ["a gzip bomb", gzipSync(new Uint8Array([...good, ...new Uint8Array(1 << 24)])), "trailing bytes"],
  ])("refuses %s and names the file", async (name, bytes, message) => {
    const path = write(name.replaceAll(" ", "-"), bytes);
    const error = await readIdx(path, 3).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DataError);
    expect((error as DataError).code).toBe("DATA");
    expect((error as DataError).message).toContain(`${path}: `);
    expect((error as DataError).message).toContain(message);
  });

  it("refuses a gzip file with a flipped byte", async () => {
    const packed = new Uint8Array(gzipSync(good));
    packed[packed.length - 6]! ^= 1;
    await expect(readIdx(write("flipped.gz", packed), 3)).rejects.toThrow("damaged gzip file");
  });

  it("names a missing file and a folder", async () => {
    await expect(readIdx(join(folder, "absent"), 3)).rejects.toThrow("absent: no such file");
    await expect(readIdx("absent", 3)).rejects.toThrow(`looked for in ${process.cwd()}`);
    await expect(readIdx(folder, 3)).rejects.toThrow("a folder, expected an idx file");
  });
});
