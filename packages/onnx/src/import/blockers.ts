import type { UnsupportedOpError } from "@flowify/core";
import { foldable } from "./constants.js";
import { neededFor, type OnnxGraph, type OnnxNode } from "./graph.js";

/** Operators whose results depend on the sizes of their input alone. */
const OF_SIZES = ["Shape", "Size"];

/** Names of the nodes without a rule that an output needs, by operator, and of the one that was refused. */
export function blockersOf(
  { inputs, nodes }: OnnxGraph,
  output: string,
  rules: Readonly<Record<string, unknown>>,
  { op: refused, node: its }: Pick<UnsupportedOpError, "op" | "node">,
): Record<string, string[]> {
  const moving = new Set(inputs.map(({ name }) => name));
  const found = new Map<string, string[]>(); // an operator may be called as a method of objects
  const nameOf = ({ domain, op }: OnnxNode): string => (domain === "" ? op : `${domain}:${op}`);
  for (const node of neededFor(output, nodes, (each) => each)) {
    const isData = node.inputs.some((name) => moving.has(name));
    if (isData && OF_SIZES.includes(nameOf(node))) continue;
    if (isData) for (const name of node.outputs) moving.add(name);
    const op = nameOf(node);
    // of an If with a constant condition one branch is taken
    if (op === "If" && !moving.has(node.inputs[0] ?? "")) continue;
    if (!Object.hasOwn(isData ? rules : foldable, op)) found.set(op, [...(found.get(op) ?? []), node.name]);
  }
  return { ...(!found.has(refused) && { [refused]: [its] }), ...Object.fromEntries(found) };
}

/** `Erf ×12 (/gelu/Erf, …), Softmax (/attention/Softmax)` */
export const listed = (blockers: UnsupportedOpError["all"]): string =>
  Object.entries(blockers)
    .map(([op, [name = "", ...others]]) =>
      others.length === 0 ? `${op} (${name})` : `${op} ×${others.length + 1} (${name}, …)`,
    )
    .join(", ");
