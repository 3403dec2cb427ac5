import { loweringPasses } from "jax-to-onnx";
import type { Kind } from "./pass-graphs.js";

type Sizes = Readonly<{ gigaflops: number; megabytes: number; nodes: number }>;

/** What a pass makes of a step or a score of a network. */
export type PassResult = {
  pass: string;
  network: string;
  kind: Kind;
  /** False if the graphs are the same without the pass. */
  changes: boolean;
  with: Sizes;
  without: Sizes;
  /** Times in g; how much longer it takes without the pass, as a fraction, and the spread of that. Not timed: absent. */
  withPerG?: number;
  withoutPerG?: number;
  gain?: number;
  spread?: number;
};

/** A pass that makes no step and no score faster by this fraction, and by twice its spread, does not stay. */
const RULE = 0.02;

/** A row of a table in Markdown. */
const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
const percent = (fraction: number): string =>
  `${fraction < 0 ? "−" : "+"}${(100 * Math.abs(fraction)).toFixed(1)}`;
const shortName = (network: string): string => network.replace(/^mnist\//, "").replace(":paper", "");

/** A table in Markdown; its first column holds words, the others figures. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(row)].join("\n");

/** One cell of the gains. */
function gainOf(result: PassResult | undefined): string {
  if (!result?.changes) return "=";
  return result.gain === undefined
    ? "changed"
    : `${percent(result.gain)} ± ${(100 * (result.spread ?? 0)).toFixed(1)}`;
}

/** One cell of the sizes: what the graph has more of without the pass, in percent. */
function sizeOf(result: PassResult | undefined): string {
  if (!result?.changes) return "=";
  const more = (of: keyof Sizes): string => percent(result.without[of] / result.with[of] - 1);
  return `${more("gigaflops")} / ${more("megabytes")} / ${more("nodes")}`;
}

/** The page of what passes buy. */
export function passesPage(results: readonly PassResult[], machine: string, ofTheProcessor = false): string {
  const names = [...new Set(results.map(({ pass }) => pass))];
  const columns = [...new Set(results.map(({ network, kind }) => `${network} ${kind}`))];
  const at = (pass: string, column: string): PassResult | undefined =>
    results.find((each) => each.pass === pass && `${each.network} ${each.kind}` === column);
  const heads = columns.map((column) => shortName(column));
  const largest = (pass: string): number =>
    Math.max(
      0,
      ...results.flatMap((each) => (each.pass === pass && each.gain !== undefined ? [each.gain] : [])),
    );
  const timed = results.some(({ gain }) => gain !== undefined);
  const gains = names.map((name) => [
    name,
    timed ? percent(largest(name)) : "–",
    ...columns.map((column) => gainOf(at(name, column))),
  ]);
  const sizes = names.map((name) => [name, ...columns.map((column) => sizeOf(at(name, column)))]);
  const whys = loweringPasses.filter(({ name }) => names.includes(name));
  const buys = ({ gain = 0, spread = 0 }: PassResult): boolean => gain >= Math.max(RULE, 2 * spread);
  const below = names.filter((name) => !results.some((each) => each.pass === name && buys(each)));
  return `# What each pass of the lowering buys

Made by \`npm run bench -- --passes\` (\`bench/passes.ts\`) on ${machine}. A training step of 128 images, and log p of 1,024
images, of each network with all passes and with all but one, in turn in one process.

## Time

How much ${ofTheProcessor ? "more processor time" : "longer"} it takes without the pass, in percent: the median of the ratios of neighbouring rounds, and half the spread of
their middle half. \`=\`: the graphs are the same. A pass without a gain of
${(100 * RULE).toFixed(0)} % that is twice its spread does not stay. Two stay for their results: \`row-extremes\` keeps NaN, and \`tanh\` the digits of small
numbers; \`narrow-axes\` stays for wide tables, and \`squares\` for wide dense layers: without it a step of \`cifar10/fmlp\` writes 40 % more
bytes. Neither is measured here.

${table(["pass", "largest", ...heads], gains)}

${timed ? (below.length === 0 ? "No pass is below the rule." : `Below the rule: ${below.map((name) => `\`${name}\``).join(", ")}.`) : "Not timed: `--graphs`."}

## Graphs

What the graphs have more of without the pass, in percent: operations of products / bytes written / nodes.

${table(["pass", ...heads], sizes)}

## What they do

${whys.map(({ name, why }) => `- \`${name}\`: ${why}`).join("\n")}
`;
}
