import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { removeTemporaryFiles, writeFileAtomic } from "../../src/run/atomic.js";
import { temporaryFolder } from "../temporary-folder.js";

const folder = temporaryFolder();

describe("writeFileAtomic", () => {
  it("replaces a file and leaves nothing else", async () => {
    const place = join(folder, "replace");
    mkdirSync(place);
    await writeFileAtomic(join(place, "a"), "old");
    await writeFileAtomic(join(place, "a"), Uint8Array.of(110, 101, 119));
    expect(readFileSync(join(place, "a"), "utf8")).toBe("new");
    expect(readdirSync(place)).toEqual(["a"]);
  });

  it("leaves the old content and no temporary file where it fails", async () => {
    const place = join(folder, "fail");
    mkdirSync(join(place, "a"), { recursive: true });
    writeFileSync(join(place, "a", "inside"), "");
    await expect(writeFileAtomic(join(place, "a"), "x")).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST|EPERM/);
    expect(readdirSync(place)).toEqual(["a"]);
    await expect(writeFileAtomic(join(folder, "absent", "a"), "x")).rejects.toThrow("ENOENT");
  });

  it("clears away what killed writes have left, and only that", async () => {
    const place = join(folder, "clear");
    mkdirSync(place);
    for (const name of [".a.0123456789ab.tmp", ".a.tmp", "b.0123456789ab.tmp"])
      writeFileSync(join(place, name), "");
    await removeTemporaryFiles(place);
    expect(existsSync(join(place, ".a.0123456789ab.tmp"))).toBe(false);
    expect(readdirSync(place).sort()).toEqual([".a.tmp", "b.0123456789ab.tmp"]);
  });
});
