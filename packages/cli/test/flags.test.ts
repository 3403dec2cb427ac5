import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { commands } from "../src/commands/list.js";
import { npyBytes, ramp } from "./data/npy-files.js";
import { runCommand } from "./run-command.js";
import { temporaryFolder } from "./temporary-folder.js";

/** The flags in a text, except those after the name of a command, as in `flowify train --from DIR`. */
const flagsNamed = (text: string): string[] =>
  [...text.replace(/flowify [a-z]+[^;,]*/g, "").matchAll(/--([a-z][a-z-]*)/g)].map(([, flag = ""]) =>
    flag.replace(/^no-/, ""),
  );

const names = [...Object.keys(commands).filter((name) => name !== "data"), "data get", "data describe"];

describe("flags", () => {
  it.each(names)("%s: its help names no flag that it lacks", async (name) => {
    const { stdout } = await runCommand([...name.split(" "), "--help"]);
    const [description = "", table = ""] = stdout.split("\nFLAGS\n");
    const own = new Set([...table.matchAll(/--([a-z][a-z-]*)/g)].map(([, flag]) => flag));
    expect(own.size).toBeGreaterThan(1);
    const foreign = description
      .split(/[.;]\s|\n\n|\n {2}/)
      .flatMap((sentence) => flagsNamed(sentence.replaceAll("\n", " ")))
      .filter((flag) => !own.has(flag));
    expect(foreign).toEqual([]);
  });

  it("of another command stand behind its name in a hint", async () => {
    const folder = temporaryFolder();
    const rows = join(folder, "rows.npy");
    writeFileSync(rows, npyBytes([4, 12], ramp(48)));
    const network = join(folder, "net.json");
    writeFileSync(network, JSON.stringify({ inShape: [12], layers: [{ kind: "linear", out: 2 }] }));
    const { stderr } = await runCommand(["convert", network, "--data", rows, "--out", join(folder, "out")]);
    expect(stderr).toContain("hint: name images; flowify train --size HEIGHTxWIDTH reads rows as images\n");
  });
});
