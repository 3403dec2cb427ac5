import { spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { UsageError } from "@flowify/core";
import { describe, expect, it } from "vitest";
import { removeTemporaryFiles, writeFileAtomic } from "../../src/files/atomic.js";
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
    await expect(writeFileAtomic(join(place, "a"), "x")).rejects.toThrow(UsageError);
    expect(readdirSync(place)).toEqual(["a"]);
    await expect(writeFileAtomic(join(folder, "absent", "a"), "x")).rejects.toThrow("ENOENT");
  });

  it("writes through links, to a file that is not there yet as well", async () => {
    const place = join(folder, "links");
    mkdirSync(join(place, "there"), { recursive: true });
    symlinkSync("second", join(place, "first"));
    symlinkSync(join(place, "there", "file"), join(place, "second"));
    for (const text of ["made", "replaced"]) {
      await writeFileAtomic(join(place, "first"), text);
      expect(readFileSync(join(place, "there", "file"), "utf8")).toBe(text);
    }
    expect(lstatSync(join(place, "first")).isSymbolicLink()).toBe(true);
    expect(readdirSync(join(place, "there"))).toEqual(["file"]);
    symlinkSync("circle", join(place, "circle"));
    await expect(writeFileAtomic(join(place, "circle"), "x")).rejects.toThrow("a broken link");
  });

  it("writes into devices, pipes and files that are open, and leaves them what they are", async () => {
    const place = join(folder, "devices");
    mkdirSync(place);
    symlinkSync("/dev/null", join(place, "null"));
    await writeFileAtomic(join(place, "null"), "x");
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
    const pipe = join(place, "pipe");
    spawnSync("mkfifo", [pipe]);
    const read = readFile(pipe, "utf8");
    await writeFileAtomic(pipe, "through");
    expect(await read).toBe("through");
    expect(statSync(pipe).isFIFO()).toBe(true);
    const file = openSync(join(place, "file"), "w+");
    await writeFileAtomic(`/dev/fd/${file}`, "open");
    expect(readFileSync(file, "utf8")).toBe("open");
    closeSync(file);
    expect(readdirSync(place).sort()).toEqual(["file", "null", "pipe"]);
  });

  it("refuses folders and sockets, with what to do", async () => {
    const place = join(folder, "refused");
    mkdirSync(place);
    const socket = join(place, "socket");
    const server = createServer().listen(socket);
    await once(server, "listening");
    await expect(writeFileAtomic(place, "x")).rejects.toThrow(
      `${place}: a folder, expected a file to write\nname a file in it: ${join(place, "NAME")}`,
    );
    await expect(writeFileAtomic(socket, "x")).rejects.toThrow(UsageError);
    expect(statSync(socket).isSocket()).toBe(true);
    server.close();
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
