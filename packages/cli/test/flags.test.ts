import { readdirSync, readFileSync, writeFileSync } from "node:fs";
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

/** The flags in the table of a command's help. */
async function flagsOf(name: string): Promise<ReadonlySet<string | undefined>> {
  const { stdout } = await runCommand([...name.split(" "), "--help"]);
  return new Set(
    [...(stdout.split("\nFLAGS\n")[1] ?? "").matchAll(/--(?:no-)?([a-z][a-z-]*)/g)].map(([, flag]) => flag),
  );
}

/** The calls of the command in a document, in its fences and in its lines. */
function callsIn(text: string): { name: string; flags: string[] }[] {
  const fences = [...text.matchAll(/^```sh.*\n([\s\S]*?)^```$/gm)].map(([, code = ""]) =>
    code.replaceAll("\\\n", " "),
  );
  const lines = [...text.replaceAll(/^```[\s\S]*?^```$/gm, "").matchAll(/`([^`]+)`/g)].map(
    ([, code = ""]) => code,
  );
  return [...fences.flatMap((code) => code.split("\n")), ...lines]
    .flatMap((line) => line.replace(/ # .*/, "").split(/[|;&]/))
    .flatMap((part) => {
      const [, name, rest = ""] = /(?:^|\s)flowify ((?:data )?[a-z]+)\b(.*)/s.exec(part) ?? [];
      return name === undefined
        ? []
        : [{ name, flags: [...rest.matchAll(/ --(?:no-)?([a-z][a-z-]*)/g)].map(([, flag = ""]) => flag) }];
    });
}

describe("flags", () => {
  it("the documents call commands that exist, by flags that they have", async () => {
    const files = readdirSync("docs", { recursive: true, encoding: "utf8" }).filter(
      (file) => file.endsWith(".md") && file !== "bad-input.md",
    );
    const calls = [...files.map((file) => join("docs", file)), "README.md"].flatMap((file) =>
      callsIn(readFileSync(file, "utf8")).map((call) => ({ ...call, file })),
    );
    expect(calls.length).toBeGreaterThan(150);
    const known = new Map<string, ReadonlySet<string | undefined>>();
    for (const name of new Set(calls.map((call) => call.name))) known.set(name, await flagsOf(name));
    const wrong = calls.flatMap(({ file, name, flags }) =>
      flags.filter((flag) => !known.get(name)?.has(flag)).map((flag) => `${file}: flowify ${name} --${flag}`),
    );
    expect(wrong).toEqual([]);
  });

  it.each(names)("%s: its help names no flag that it lacks", async (name) => {
    const { stdout } = await runCommand([...name.split(" "), "--help"]);
    const [description = ""] = stdout.split("\nFLAGS\n");
    const own = await flagsOf(name);
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
