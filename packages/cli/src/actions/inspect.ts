import { existsSync } from "node:fs";
import { type Flow, FlowModel, type HostArray, type ManifoldSpec, wasmExecutor } from "@flowify/core";
import type { InspectFlags } from "../commands/inspect.js";
import type { CliContext } from "../context.js";
import { dataSetBriefs } from "../data/registry.js";
import { flowOf, networkNamed, networkNames } from "../networks.js";
import { formatCount } from "../ui/format.js";
import { createTerminal, type Terminal } from "../ui/terminal.js";
import { readRun } from "./open-run.js";

export async function inspect(this: CliContext, flags: InspectFlags, target?: string): Promise<void> {
  const { stdout, stderr, env } = this.host;
  const terminal = createTerminal({ stdout, stderr, env, json: flags.json ?? false });
  if (target === undefined) {
    listNetworks(terminal);
  } else if (existsSync(target)) {
    const { config, flow, step, arrays } = await readRun(target, terminal);
    describe(terminal, flow, arrays, { network: config.network, step, run: target });
  } else {
    const network = networkNamed(target);
    const flow = flowOf(network, {});
    const model = await FlowModel.create(flow, wasmExecutor());
    describe(terminal, flow, model.arrays(), { network });
    await model.dispose();
  }
}

const sizes = (shape: readonly number[]): string => shape.join("×");
const kind = (exact: boolean): string => (exact ? "exact" : "bound");

/** Columns that line up; the first flushed left, the others as `right` says. */
function table(rows: readonly (readonly string[])[], right: readonly boolean[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (right[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join("  ")
      .trimEnd(),
  );
}

function listNetworks({ say, colors, document }: Terminal): void {
  const networks = networkNames.map((network) => {
    const { inShape, latentShape, exact } = flowOf(network, {});
    return { network, inShape, latentShape, exact };
  });
  say(colors.bold("networks"));
  const rows = networks.map(({ network, inShape, latentShape, exact }) => [
    network,
    `${sizes(inShape)} → ${sizes(latentShape)}`,
    kind(exact),
  ]);
  for (const line of table(rows, [])) say(`  ${line}`);
  say(colors.bold("data sets"));
  for (const line of table(dataSetBriefs, [])) say(`  ${line}`);
  document({ networks, datasets: dataSetBriefs.map(([name, brief]) => ({ name, brief })) });
}

/** True where the leaf at `path` is one that training leaves alone. */
function isFixed(spec: ManifoldSpec | undefined, [head, ...rest]: readonly string[]): boolean {
  if (typeof spec === "string" || spec === undefined) return spec === "fixed";
  return head !== undefined && isFixed((spec as Readonly<Record<string, ManifoldSpec>>)[head], rest);
}

/** Numbers that training can move, for every layer. */
function parametersByLayer(flow: Flow, arrays: { readonly [name: string]: HostArray }): number[] {
  const counts = flow.chain.layers.map(() => 0);
  for (const [name, { data }] of Object.entries(arrays)) {
    const [root, ...path] = name.split(".");
    if (root === "params" && !isFixed(flow.manifolds, path)) counts[Number(path[0])]! += data.length;
  }
  return counts;
}

function describe(
  { say, colors, document }: Terminal,
  flow: Flow,
  arrays: { readonly [name: string]: HostArray },
  facts: { network: string; step?: number; run?: string },
): void {
  const counts = parametersByLayer(flow, arrays);
  const layers = flow.chain.layers.map(({ inShape, outShape, exact }, index) => {
    const layer = flow.ledgerLines[index]!.layer;
    return { layer, inShape, outShape, parameters: counts[index]!, exact };
  });
  const parameters = counts.reduce((sum, count) => sum + count, 0);
  const { inShape, latentShape, dimensions, exact } = flow;
  const after = facts.step === undefined ? "" : ` after ${formatCount(facts.step)} steps`;
  say(
    `${colors.bold(facts.network)}${after}: ${sizes(inShape)} → ${sizes(latentShape)}, ${formatCount(parameters)} parameters, likelihood ${exact ? "exact" : "a lower bound in expectation"}`,
  );
  say();
  const rows = [
    ["layer", "in", "out", "parameters", "likelihood"],
    ...layers.map(({ layer, inShape: from, outShape: to, parameters: count, exact: isExact }) => [
      layer,
      sizes(from),
      sizes(to),
      formatCount(count),
      kind(isExact),
    ]),
    [flow.ledgerLines.at(-1)!.layer, sizes(latentShape), "", "0", "exact"],
  ];
  for (const line of table(rows, [false, false, false, true])) say(line);
  document({ ...facts, inShape, latentShape, dimensions, exact, parameters, layers });
}
