import { basename } from "node:path";
import type { UnsupportedOpError } from "@flowify/core";
import { openGiven } from "@flowify/onnx";
import { openModelFile } from "../networks/model-file.js";
import { formatCount } from "../ui/format.js";
import { printable } from "../ui/printable.js";
import type { ConvertedFunction } from "./convert.js";

/** Most operations to decompose weights with, where nobody asks for layers: above, it is no longer a matter of seconds. */
const MOST_OPERATIONS = 2 ** 28;

const millions = (count: number): string => formatCount(Math.round(count / 1e6));

/** Why a network is taken as one step. */
export type Reason =
  | Readonly<{ why: "asked" }>
  | Readonly<{ why: "blocked"; error: UnsupportedOpError }>
  | Readonly<{ why: "refused"; message: string }>
  | Readonly<{ why: "cost"; operations: number }>;

/** Why the file of an ONNX network costs too much to decompose; undefined where it does not, and for other files. */
export async function tooLarge(file: string, input?: string): Promise<Reason | undefined> {
  if (!/\.onnx$/i.test(file)) return undefined;
  const { bytes, external } = await openModelFile(file);
  try {
    const { operations } = openGiven(bytes, external, input);
    return operations > MOST_OPERATIONS ? { why: "cost", operations } : undefined;
  } catch {
    return undefined; // what is wrong with it is said where it is read
  }
}

/** The report of a conversion into one step, and what to say of it, a line each. */
export function planOf(
  file: string,
  reason: Reason,
  { of, nodes, weights, inputs, maxRelDiff }: ConvertedFunction,
) {
  const all = reason.why === "blocked" ? reason.error.all : {};
  const report = {
    file: basename(file),
    grain: "network",
    reason: reason.why,
    blockers: all,
    nodes,
    weights,
    output: of.output,
    seen: of.seen,
    maxRelDiff,
    inputs,
    inputShape: of.inShape,
    outputShape: of.outShape,
    unsupported: null,
  };
  const sizes = (shape: readonly number[]): string => (shape.length === 0 ? "1" : shape.join("×"));
  const size = of.outShape.reduce((a, b) => a * b, 1);
  const seen = of.seen < size ? `, seen as ${formatCount(of.seen)} means of neighbours` : "";
  const counts = Object.entries(all).map(([op, names]) => `${op} ×${names.length}`);
  const lines = [
    `${report.file}: ${sizes(of.inShape)} → ${sizes(of.outShape)}, one step, likelihood a lower bound in expectation`,
    ...(reason.why === "blocked" ? [printable(`no layers for: ${counts.join(", ")}`)] : []),
    ...(reason.why === "refused" ? [printable(`no layers: ${reason.message.split("\n")[0]}`)] : []),
    ...(reason.why === "cost"
      ? [
          `to decompose its weights takes ${millions(reason.operations)} million operations, more than ${millions(MOST_OPERATIONS)}; --grain layer does it all the same`,
        ]
      : []),
    "",
    "plan: exact 0, bound 0, opaque 1",
    `  opaque: ${formatCount(nodes)} nodes with ${formatCount(weights)} weights, run by ONNX Runtime as they are`,
    `  output ${JSON.stringify(of.output)}: ${formatCount(size)} numbers${seen}`,
    "  to train: a density of the outputs, and a flow of inputs given outputs, the one of --network auto",
    "",
    `${inputs} inputs together and alone: largest relative difference ${maxRelDiff.toExponential(1)}`,
  ];
  return { report, lines };
}
