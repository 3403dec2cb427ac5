import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { hashOf } from "../../src/data/image-set.js";
import { loadDataSet } from "../../src/data/registry.js";
import { temporaryFolder } from "../temporary-folder.js";
import { pixelsOf, pngBytes } from "./picture-files.js";

const root = temporaryFolder();
let made = 0;

function folderOf(files: Readonly<Record<string, Uint8Array | string>>): string {
  const folder = join(root, String(made++));
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  return folder;
}

it("folders of pictures may have the size in the names of their splits", async () => {
  const folder = folderOf({
    "train_64x64/1.png": await pngBytes(1),
    "valid_64x64/1.png": await pngBytes(2),
  });
  expect((await loadDataSet({ name: folder }, "test")).hash).toBe(hashOf(pixelsOf(2, 8, 6, 1)));
});
