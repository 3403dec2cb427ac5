import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { firstImages, imageSet } from "../src/data/image-set.js";
import { writeOutput } from "../src/data/written/output.js";
import { expectFree } from "../src/runs/outputs.js";
import { expectRefusal } from "./refusal.js";
import { runCommand } from "./run-command.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
let folder: string;
const place = (name: string): string => join(folder, name);

/** A file of the user, which no command may lose. */
function kept(name: string): string {
  writeFileSync(place(name), `content of ${name}`);
  return place(name);
}

beforeEach(() => {
  folder = mkdtempSync(join(root, "outputs-"));
});

describe("places to write to", () => {
  it.each(["sample", "reconstruct"])(
    "%s names the folder that is missing, before anything is read",
    async (command) => {
      const missing = join(tmpdir(), "no-such-folder-of-flowify");
      const { status, stderr } = await runCommand([command, "any-run", "--out", join(missing, "x.png")]);
      expect(status).toBe(2);
      expect(stderr).toContain("error[USAGE]");
      expect(stderr).toContain(`the folder ${missing} does not exist`);
    },
  );

  it("names the flag that asked for more images than there are", () => {
    const set = imageSet({ name: "two", split: "test", images: new Uint8Array(8), shape: [1, 2, 2] });
    expect(() => firstImages(set, 3)).toThrow("--limit 3: two has only 2 test images");
    expect(() => firstImages(set, 3, "--count")).toThrow("--count 3: two has only 2 test images");
  });
});

describe("a file that exists", () => {
  it.each([
    ["sample", ["sample", "RUN", "--out", "FILE"]],
    ["reconstruct", ["reconstruct", "RUN", "--out", "FILE"]],
    ["decode", ["decode", "RUN", "--logits", "1:2", "--out", "FILE"]],
    ["ood", ["ood", "RUN", "other", "--out", "FILE"]],
    ["score", ["score", "RUN", "--out", "FILE"]],
    ["compress", ["compress", "--run", "RUN", "--out", "FILE"]],
  ])("%s does not replace it without --force", async (_, args) => {
    const file = kept("thesis.png");
    const run = place("run");
    const given = args.map((arg) => (arg === "FILE" ? file : arg === "RUN" ? run : arg));
    await expectRefusal(given, 2, `--out ${file}: exists already`, "replace it with --force");
    expect(readFileSync(file, "utf8")).toBe("content of thesis.png");
  });

  it.each([
    ["report", "report.html", ["report", "RUN"]],
    ["export", "flowify.json", ["export", "RUN"]],
    ["convert", "report.json", ["convert", "net.onnx"]],
  ])("%s does not replace one in its folder", async (_, name, args) => {
    const file = kept(name);
    const given = args.map((arg) => (arg === "RUN" ? place("run") : arg));
    await expectRefusal([...given, "--out", folder], 2, `--out ${folder}: ${file}: exists already`);
    expect(readFileSync(file, "utf8")).toBe(`content of ${name}`);
  });

  it("is replaced with --force only where --out names it", () => {
    const file = kept("images.flow");
    const check = (flags: object) => () => expectFree([file], flags, { inputs: [] });
    expect(check({ out: file, force: true })).not.toThrow();
    expect(check({ force: true })).toThrow(`${file}: exists already\nname another place with --out`);
    expect(() => expectFree([file], {}, { inputs: [], own: true })).not.toThrow();
  });
});

it("standard output is no name", () => {
  expect(() => expectFree(["-"], { out: "-" }, { inputs: [] })).toThrow("leave --out out");
});

describe("a file that is read", () => {
  it("is never replaced: by its name, a link, a pattern, or as a picture of a folder", () => {
    const input = kept("p0.png");
    symlinkSync(input, place("link.png"));
    for (const inputs of [[input], [place("p?.png")], [folder], [undefined, place("link.png")]])
      for (const out of [input, place("link.png")])
        expect(() => expectFree([out], { out, force: true }, { inputs })).toThrow(
          `--out ${out}: this file is read as well`,
        );
    const scores = kept("scores.csv");
    const other = { out: scores, force: true };
    expect(() => expectFree([scores], other, { inputs: [folder] })).not.toThrow();
  });

  it("is not removed by a training that replaces the run around it", async () => {
    const run = place("run");
    mkdirSync(run);
    writeFileSync(join(run, "config.json"), "{}");
    writeFileSync(join(run, "samples.csv"), "a,b\n1,2\n");
    const data = join(run, "samples.csv");
    await expectRefusal(["train", "--data", data, "--out", run, "--force"], 2, `${data}: this file is read`);
    expect(readFileSync(data, "utf8")).toBe("a,b\n1,2\n");
  });
});

it.each([true, false])(
  "on a terminal (%s), and there alone, control characters are escaped",
  async (isTTY) => {
    let written = "";
    const stdout = { isTTY, write: (text: string) => (written += text) };
    await writeOutput(undefined, stdout, (write) => write("name,p\n\u001b[2J,1\n"));
    expect(written).toBe(isTTY ? "name,p\n\\x1b[2J,1\n" : "name,p\n\u001b[2J,1\n");
  },
);
