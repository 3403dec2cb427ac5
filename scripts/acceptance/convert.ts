import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { atLeast, type Check, holds, type Row } from "./check.js";
import { flowifyToEnd, LIMIT, pythonWith } from "./node.js";
import { GIVEN, pretrainedFiles } from "./pretrained-files.js";

const generator = fileURLToPath(new URL("architectures.py", import.meta.url));

/** Largest difference between a network and its flow, relative to the largest entry of its outputs. */
const CLOSE = 1e-4;
/** Seconds and MiB that a conversion may take. */
const MOST = { seconds: 60, memory: 3072 } as const;
/** Bytes of architectures that are converted layer by layer, too. */
const SMALL = 2 ** 21;
/** Fewest given files that must convert layer by layer, and most files of all architectures that may be refused at all. */
const [CONVERTED, REFUSED] = [24, 3] as const;

type Report = { grain?: string; maxRelDiff: number | null; blockers?: Record<string, string[]> };

/** Converts a file by the command. Its own bytes are one step of the flow, or its layers are close to it; else all that stands in the way has a name. */
async function converted(
  path: string,
  out: string,
  how: readonly string[],
): Promise<{ isConverted: boolean; row: Row }> {
  const args = ["convert", path, "--out", out, "--json", ...how];
  const { status, output, said, seconds, peakMiB } = await flowifyToEnd(args);
  const report = output === "" ? undefined : (JSON.parse(output) as Report);
  if (status !== 0 || !report) {
    const blockers = Object.keys(report?.blockers ?? {}).join(", ");
    const named = blockers || /^error\[DATA\]: \S+ (.*)/m.exec(said)?.[1];
    const figure = named ? `refused: ${named}` : `status ${status}`;
    return { isConverted: false, row: holds(!!named, figure, "all that stands in the way") };
  }
  const isSmall = seconds <= MOST.seconds && peakMiB <= MOST.memory;
  const size = (statSync(path).size / 2 ** 20).toFixed(1);
  const cost = `${seconds.toFixed(1)} s, ${peakMiB.toFixed(0)} MiB, file of ${size} MiB`;
  const isOneStep = report.grain === "network";
  const off = report.maxRelDiff ?? Number.NaN;
  const isSame = isOneStep
    ? readFileSync(path).equals(readFileSync(join(out, "original.onnx")))
    : off <= CLOSE;
  const what = isOneStep
    ? `one step, ${isSame ? "the same bytes" : "OTHER BYTES"}`
    : `layers, ${off.toExponential(1)}`;
  const limit = `≤ ${CLOSE}, ${MOST.seconds} s, ${MOST.memory} MiB`;
  return { isConverted: true, row: holds(isSame && isSmall, `${what}, ${cost}`, limit) };
}

/** Converts third-party pretrained networks layer by layer, and compares each with ONNX Runtime on 64 inputs. */
export const convert: Check = {
  name: "convert",
  needs: [GIVEN],
  async run({ dir, file: chosen, scratch, say }) {
    const rows: { [what: string]: Row } = {};
    let count = 0;
    for (const { file, path, range } of pretrainedFiles(dir, chosen)) {
      const how = ["--grain", "layer", "--range", range.join(":"), "--quiet"];
      const { isConverted, row } = await converted(path, join(scratch, file), how);
      say(`${file}: ${row.figure}`);
      count += Number(isConverted);
      rows[file] = row;
    }
    if (chosen === undefined) rows["files converted"] = atLeast(count, CONVERTED, String);
    return rows;
  },
};

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
    const made = spawnSync(python, ["-I", generator, folder, word], { encoding: "utf8", timeout: LIMIT });
    if (made.status !== 0) say(made.stderr.trim().split("\n").at(-1) ?? "");
    const own = readdirSync(folder).map((name) => ({ file: name, path: join(folder, name) }));
    const given = existsSync(join(dir, GIVEN)) ? pretrainedFiles(dir, word) : [];
    const rows: { [what: string]: Row } = {};
    let refused = 0;
    for (const { file, path } of [...own, ...given]) {
      const { isConverted, row } = await converted(path, join(scratch, file), []);
      say(`${file}: ${row.figure}`);
      refused += Number(!isConverted);
      rows[file] = row;
      if (statSync(path).size > SMALL || given.some((each) => each.path === path)) continue;
      rows[`${file}, layers`] = (await converted(path, join(scratch, `${file}-2`), ["--grain", "layer"])).row;
    }
    const figure = `${refused} of ${own.length + given.length}`;
    if (word === "") rows["files refused"] = holds(refused <= REFUSED, figure, `≤ ${REFUSED}`);
    return rows;
  },
};
