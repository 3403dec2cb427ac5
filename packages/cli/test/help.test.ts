import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { runCommand } from "./run-command.js";

describe("help", () => {
  it("lists the commands, each with a line: those of docs/commands.md, which check-pack calls", async () => {
    const { status, stdout } = await runCommand(["--help"]);
    expect(status).toBe(0);
    const [, list = ""] = stdout.split("\nCOMMANDS\n");
    const listed = [...list.matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map(([, name]) => name!).sort();
    const read = (file: string): string => readFileSync(new URL(`../../../${file}`, import.meta.url), "utf8");
    const table = read("docs/commands.md").matchAll(/^\| \[?`flowify ([a-z]+)/gm);
    expect([...new Set(Array.from(table, ([, name]) => name!))].sort()).toEqual(listed);
    const called = read("scripts/pack/commands.ts").matchAll(/^ +\[?\s*["`]([a-z]+)[ "`]/gm);
    expect(Array.from(called, ([, name]) => name!)).toEqual(expect.arrayContaining(listed));
  });

  it.each(["train", "evaluate", "sample", "reconstruct", "inspect"])(
    "teaches %s by examples",
    async (command) => {
      const { status, stdout } = await runCommand([command, "--help"]);
      expect(status).toBe(0);
      expect(stdout).toContain(`EXAMPLES\n  flowify ${command}`);
    },
  );

  it("begins with the arguments that a command takes, those that may be left out as well", async () => {
    const helps = await Promise.all(["predict", "inspect"].map((name) => runCommand([name, "--help"])));
    expect(helps.map(({ stdout }) => stdout.split("\n")[1]?.trim())).toEqual([
      "flowify predict <DIR> [FILE]",
      "flowify inspect [NETWORK|DIR]",
    ]);
  });

  it("names the value of every flag that takes one", async () => {
    const { stdout } = await runCommand(["train", "--help"]);
    expect(stdout).toMatch(/^ {5}\[--steps N\] +Training steps, instead of --epochs$/m);
    expect(stdout).toMatch(/^ {2}-o \[--out DIR\] +Folder of the run/m);
    expect(stdout).toMatch(/^ {5}\[--density DENSITY\] .*\[gaussian\|mixture\]$/m);
    expect(stdout).toMatch(/^ {5}\[--free\] +With --from/m);
    const commands = [...(await runCommand(["--help"])).stdout.matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map(
      ([, name]) => name!,
    );
    expect(commands).toContain("score");
    for (const command of [
      ...commands.filter((name) => name !== "data").map((name) => [name]),
      ["data", "get"],
    ]) {
      const help = (await runCommand([...command, "--help"])).stdout;
      const [, flags = ""] = help.split("\nFLAGS\n");
      const withValues = [...flags.matchAll(/\[?--([a-z][a-z-]*)( \S+)?\]/g)].filter(([, flag = ""]) =>
        ["seed", "out", "limit", "data", "threads", "device", "density"].includes(flag),
      );
      expect(withValues.filter(([, , value]) => value === undefined)).toEqual([]);
    }
  });

  it("is shown where no command is named", async () => {
    expect((await runCommand([])).stdout).toBe((await runCommand(["--help"])).stdout);
  });

  it("knows the version", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
    expect(await runCommand(["--version"])).toEqual({ status: 0, stdout: `${version}\n`, stderr: "" });
  });

  it("lists networks and data sets", async () => {
    const { status, stdout } = await runCommand(["inspect"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/mnist\/fmlp +1×28×28 → 8 +[\d,]+ parameters +bound/);
    expect(stdout).toMatch(/vector\/coupling +spline couplings behind a whitening/);
    expect(stdout).toContain("fashion-mnist");
    const document = JSON.parse((await runCommand(["inspect", "--json"])).stdout);
    expect(document.networks[0]).toEqual({
      network: "mnist/fmlp",
      inShape: [1, 28, 28],
      latentShape: [8],
      parameters: 5_582_503,
      exact: false,
      likelihood: "bound",
    });
    expect(document.recipes).toContain("mnist/fconv2:paper");
    expect(document.networks).toHaveLength(14);
  });
});
