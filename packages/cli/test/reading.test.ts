import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { noise } from "./data/idx-files.js";
import { npyBytes } from "./data/npy-files.js";
import { expectRefusal } from "./refusal.js";
import { runCommand } from "./run-command.js";
import { writeSmallData } from "./small-run.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const { data, network } = writeSmallData(root);
const rows = join(root, "rows.npy");
writeFileSync(rows, npyBytes([80, 64], noise(80, 8)));

const json = async (...args: string[]) => JSON.parse((await runCommand([...args, "--json"])).stdout);

describe("how images are read", () => {
  it("is remembered by the run: a resumed one and its measurements read them in the same way", async () => {
    const out = join(root, "run");
    const flags = [
      "--network",
      network,
      "--batch",
      "24",
      "--epochs",
      "2",
      "--pictures",
      "none",
      "--out",
      out,
    ];
    const end = await json("train", "--data", rows, "--size", "8x8", ...flags);
    expect(end).toMatchObject({ dataset: "rows", split: "test", drawnFrom: 80, finished: true });
    expect(JSON.parse(readFileSync(join(out, "config.json"), "utf8")).data.reading).toEqual({ size: [8, 8] });
    expect(await json("train", "--resume", out)).toMatchObject({ hash: end.hash, bpd: end.bpd });
    expect(await json("evaluate", out)).toMatchObject({ examples: 8, hash: end.hash, bpd: end.bpd });
    await expectRefusal(
      ["train", "--resume", out, "--size", "8x8"],
      2,
      "--size cannot be changed with --resume",
    );
  });

  it("is refused where images can be read in one way only, or where it is no size", async () => {
    await expectRefusal(
      ["train", "--data", data, "--size", "8x8"],
      2,
      "--size: the examples of images are read as they are",
    );
    await expectRefusal(
      ["train", "--data", rows, "--size", "8"],
      2,
      '--size "8": expected HEIGHTxWIDTH in pixels',
    );
  });
});
