import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { dense, writeOnnx } from "./onnx-files.js";
import { runCommand } from "./run-command.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const rules = fileURLToPath(new URL("../../../examples/own-rule/rules.js", import.meta.url));

it("a rule in a package of its own is picked up and computes what ONNX Runtime does", async () => {
  const file = writeOnnx(root, "sums", [...dense.slice(0, 2), ["CumSum", ["h", "axis"], "y"]]);
  const args = ["convert", file, "--out", join(root, "sums"), "--json"];
  expect((await runCommand([...args, "--grain", "layer"])).status).toBe(3);
  const { status, stdout } = await runCommand([...args, "--rules", rules]);
  expect(status).toBe(0);
  const report = JSON.parse(stdout);
  expect(report.layers.at(-1)).toMatchObject({ from: "CumSum y", to: "linear[2]", exact: true });
  expect(report.maxRelDiff).toBeLessThan(1e-5);
});
