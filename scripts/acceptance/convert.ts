import { join } from "node:path";
import { atLeast, atMost, type Check, holds, powers, type Row } from "./check.js";
import { flowifyToEnd } from "./node.js";
import { GIVEN, pretrainedFiles } from "./pretrained-files.js";

/** Largest difference between a pretrained network and its flow, relative to the largest entry of its outputs. */
const CLOSE = 1e-4;
/** Fewest files that must convert; the others must fail with operator and node. */
const AT_LEAST = 24;

type Report = { maxRelDiff: number | null; inputs: number; unsupported: { op: string; node: string } | null };

/** Converts third-party pretrained networks with the command, and compares each with ONNX Runtime on 64 inputs. */
export const convert: Check = {
  name: "convert",
  needs: [GIVEN],
  async run({ dir, file: chosen, scratch, say }) {
    const rows: { [what: string]: Row } = {};
    let converted = 0;
    for (const { file, path, range } of pretrainedFiles(dir, chosen)) {
      const how = ["--grain", "layer", "--range", range.join(":"), "--json", "--quiet"];
      const args = ["convert", path, "--out", join(scratch, file), ...how];
      const { status, output, seconds } = await flowifyToEnd(args);
      say(`${file}: status ${status}, ${seconds.toFixed(0)} s`);
      const report = output === "" ? undefined : (JSON.parse(output) as Report);
      if (status === 0) converted++;
      rows[file] = rowOf(status, report);
    }
    if (chosen === undefined) rows["files converted"] = atLeast(converted, AT_LEAST, String);
    return rows;
  },
};

function rowOf(status: number | null, report: Report | undefined): Row {
  if (status === 0 && report) return atMost(report.maxRelDiff ?? Number.NaN, CLOSE, powers);
  const { op, node } = report?.unsupported ?? {};
  const named = status === 3 && op !== undefined && node !== undefined;
  return holds(named, named ? `no rule for ${op} ${node}` : `status ${status}`, "a rule, or its name");
}
