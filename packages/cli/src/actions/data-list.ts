import { publishedSets } from "../data/published.js";
import { dataSetBriefs, whereIs } from "../data/registry.js";
import type { CliContext } from "../ui/context.js";
import { formatCount } from "../ui/format.js";
import { table } from "../ui/table.js";
import { createTerminal } from "../ui/terminal.js";

export type DataListFlags = { json?: boolean };

export async function listData(this: CliContext, { json = false }: DataListFlags): Promise<void> {
  const { stdout, stderr, env } = this.host;
  const terminal = createTerminal({ stdout, stderr, env, json });
  const datasets = [];
  for (const [name, brief] of dataSetBriefs)
    datasets.push({ name, brief, folder: await whereIs(name), bytes: publishedSets[name]?.bytes });
  const rows = datasets.map(({ name, brief, folder, bytes }) => [
    name,
    brief,
    bytes === undefined ? "" : `${formatCount(bytes / 1e6)} MB`,
    folder ?? (bytes === undefined ? "not present" : `not present; flowify data get ${name}`),
  ]);
  for (const line of table(rows, [false, false, true])) terminal.say(line);
  terminal.document({ datasets });
}
