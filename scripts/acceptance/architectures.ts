import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Check, holds, type Row } from "./check.js";
import { flowifyToEnd, pythonWith } from "./node.js";
import { pretrainedFiles } from "./pretrained-files.js";

const generator = fileURLToPath(new URL("architectures.py", import.meta.url));

/** Most files that may be refused, each with all that stands in the way. */
const REFUSED = 3;
/** Largest relative difference of what is converted layer by layer. */
const CLOSE = 1e-4;
/** Seconds and MiB that a conversion may take. */
const MOST = { seconds: 60, memory: 3072 } as const;

type Report = { grain?: string; maxRelDiff: number | null; blockers?: Record<string, string[]> };

/** Converts networks of the architectures that people use, exported by PyTorch, and the files of the folder. */
export const architectures: Check = {
  name: "architectures",
  needs: [],
  slow: true,
  async run({ dir, file: word = "", scratch, say }) {
    const folder = join(scratch, "architectures");
    mkdirSync(folder);
    const python = pythonWith("torch", "torchvision", "onnx");
    if (python === undefined) {
      const limit = "apt-get install python3-torch python3-torchvision python3-onnx";
      return { python: holds(false, "no torch, torchvision and onnx", limit) };
    }
    const made = spawnSync(python, ["-I", generator, folder, word], { encoding: "utf8" });
    if (made.status !== 0) say(made.stderr.trim().split("\n").at(-1) ?? "");
    const own = readdirSync(folder).map((name) => ({ file: name, path: join(folder, name) }));
    const given = existsSync(join(dir, "data/onnx")) ? pretrainedFiles(dir, word || undefined) : [];
    const rows: { [what: string]: Row } = {};
    let refused = 0;
    for (const { file, path } of [...own, ...given]) {
      const out = join(scratch, file);
      const args = ["convert", path, "--out", out, "--json"];
      const { status, output, seconds, peakMiB: memory } = await flowifyToEnd(args);
      const report = output === "" ? undefined : (JSON.parse(output) as Report);
      const cost = `${seconds.toFixed(1)} s, ${memory.toFixed(0)} MiB, file of ${(statSync(path).size / 2 ** 20).toFixed(1)} MiB`;
      say(`${file}: status ${status}, ${cost}`);
      if (status !== 0) refused++;
      rows[file] = rowOf({ status, report, seconds, memory, cost }, path, out);
    }
    const figure = `${refused} of ${own.length + given.length}`;
    if (word === "") rows["files refused"] = holds(refused <= REFUSED, figure, `≤ ${REFUSED}`);
    return rows;
  },
};

type Found = Readonly<{
  status: number | null;
  report: Report | undefined;
  seconds: number;
  memory: number;
  cost: string;
}>;

function rowOf({ status, report, seconds, memory, cost }: Found, path: string, out: string): Row {
  const isSmall = seconds <= MOST.seconds && memory <= MOST.memory;
  const limit = `≤ ${MOST.seconds} s, ${MOST.memory} MiB`;
  if (status === 0 && report?.grain === "network") {
    const isSame = readFileSync(path).equals(readFileSync(join(out, "original.onnx")));
    return holds(isSame && isSmall, `one step, ${isSame ? "the same bytes" : "OTHER BYTES"}, ${cost}`, limit);
  }
  if (status === 0 && report) {
    const off = report.maxRelDiff ?? Number.NaN;
    return holds(off <= CLOSE && isSmall, `layers, ${off.toExponential(1)}, ${cost}`, limit);
  }
  const blockers = Object.keys(report?.blockers ?? {});
  const isNamed = blockers.length > 0;
  const figure = isNamed ? `refused: ${blockers.join(", ")}` : `status ${status}`;
  return holds(isNamed, figure, "all that stands in the way");
}
