import { mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { checkOnnxFiles } from "../src/onnx-checker.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();

/** An environment whose python3 is this script of Node. */
function withPython(name: string, source: string): { PATH: string } {
  const folder = join(root, name);
  mkdirSync(folder);
  writeFileSync(join(folder, "python3"), `#!${process.execPath}\n${source}\n`, { mode: 0o755 });
  return { PATH: folder };
}

describe("the ONNX checker", () => {
  it("runs Python isolated and away from the current folder, where an onnx.py may lie", () => {
    const log = join(root, "log.json");
    const env = withPython(
      "records",
      `require("fs").writeFileSync(${JSON.stringify(log)}, JSON.stringify({ args: process.argv.slice(2), cwd: process.cwd() }));
console.log("1.2.3");`,
    );
    expect(checkOnnxFiles(["a.onnx"], { env })).toEqual({ passed: true, text: "onnx 1.2.3" });
    const { args, cwd } = JSON.parse(readFileSync(log, "utf8"));
    expect(args.slice(0, 2)).toEqual(["-I", "-c"]);
    expect(args.slice(3)).toEqual([resolve("a.onnx")]);
    expect(cwd).toBe(realpathSync(dirname(process.execPath)));
  });

  it("is stopped when it runs over its time, and says so", () => {
    const env = withPython("hangs", 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000);');
    const start = performance.now();
    expect(checkOnnxFiles(["a.onnx"], { env, limitSeconds: 0.5 })).toEqual({
      passed: null,
      text: "stopped after 0.5 s without a verdict",
    });
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  it("tells a verdict from a checker that is not there", () => {
    const ending = (name: string, source: string) =>
      checkOnnxFiles(["a.onnx"], { env: withPython(name, source) });
    expect(ending("rejects", 'console.error("Traceback\\nValidationError: bad"); process.exit(1);')).toEqual({
      passed: false,
      text: "ValidationError: bad",
    });
    expect(ending("without", "process.exit(3);")).toEqual({
      passed: null,
      text: "python3 -I cannot import onnx",
    });
    expect(checkOnnxFiles(["a.onnx"], { env: { PATH: root } })).toEqual({
      passed: null,
      text: "python3 is not installed",
    });
  });
});
