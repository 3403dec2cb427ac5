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

/** Two tables of passes: how much longer steps and scores take without each, and what their graphs have more of. */
export function passesTables(results: readonly PassResult[]): string {
  const names = [...new Set(results.map(({ pass }) => pass))];
  const columns = [...new Set(results.map(({ network, kind }) => `${network} ${kind}`))];
  const rows = (cell: (result: PassResult | undefined) => string): string[][] =>
    names.map((name) => [
      name,
      ...columns.map((column) =>
        cell(results.find(({ pass, network, kind }) => pass === name && `${network} ${kind}` === column)),
      ),
    ]);
  const head = ["pass", ...columns.map(shortName)];
  return `${table(head, rows(gainOf))}\n\n${table(head, rows(sizeOf))}\n`;
}
