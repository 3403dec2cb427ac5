import { bitsPerDimension, type FlowModel } from "@flowify/core";
import type { ExplainFlags } from "../commands/explain.js";
import type { CliContext } from "../context.js";
import { readPicture } from "../data/image-files.js";
import { describeImages } from "../data/image-set.js";
import { table } from "../ui/table.js";
import { createTerminal } from "../ui/terminal.js";
import { imagesFor, withModel } from "./open-run.js";

/** Images that one is compared with. */
const TYPICAL = 1000;

/** What a layer adds that is the same for all images differs by less than this part of it. */
const ROUNDING = 1e-6;

export async function explain(
  this: CliContext,
  flags: ExplainFlags,
  folder: string,
  file: string,
): Promise<void> {
  const { stdout, stderr, env } = this.host;
  const { json = false, quiet = false, seed = 0 } = flags;
  const terminal = createTerminal({ stdout, stderr, env, json, quiet });
  await withModel(folder, flags, terminal, async (model, run) => {
    const image = await readPicture(file, run.config.data.shape);
    const all = await imagesFor(run, flags);
    const count = Math.min(all.count, TYPICAL);
    const typical = all.images.subarray(0, (all.images.length / all.count) * count);
    const [own] = await ledgers(model, image, seed);
    const others = await ledgers(model, typical, seed);
    const names = [...model.flow.ledgerLines.map(({ layer }) => layer), "total"];
    const layers = names.map((layer, i) => {
      const { mean, std } = momentsOf(others.map((row) => row[i]!));
      const bpd = own![i]!;
      const varies = std > ROUNDING * Math.abs(mean);
      return { layer, bpd, mean, std, deviations: varies ? (bpd - mean) / std : 0 };
    });
    const most = layers.slice(0, -1).reduce((a, b) => (b.deviations > a.deviations ? b : a));
    const { say, colors } = terminal;
    say(`${file}, beside ${count} of ${describeImages(all)}: bits per dimension`);
    say();
    const signed = (value: number): string => `${value < 0 ? "" : "+"}${value.toFixed(3)}`;
    const rows = layers.map(({ layer, bpd, mean, std, deviations }) => [
      layer,
      signed(bpd),
      `${signed(mean)} ± ${std.toFixed(3)}`,
      deviations.toFixed(1),
    ]);
    for (const row of table([["layer", "image", "others", "deviations"], ...rows], [false, true, true, true]))
      say(row);
    say();
    say(
      most.deviations > 0
        ? `${colors.bold(most.layer)} finds it the least likely, by ${most.deviations.toFixed(1)} standard deviations`
        : "no layer finds it less likely than the others",
    );
    terminal.document({ file, images: count, seed, layers });
  });
}

/** What every layer and their sum add to the bits per dimension of each item. */
async function ledgers(model: FlowModel, images: Uint8Array, seed: number): Promise<number[][]> {
  const { ledgerLines, dimensions } = model.flow;
  const rows: number[][] = [];
  for await (const { logProb, ledger } of model.score([images], { seed }))
    logProb.forEach((nats, item) => {
      const own = ledger.subarray(item * ledgerLines.length, (item + 1) * ledgerLines.length);
      rows.push([...own, nats].map((part) => bitsPerDimension(part, dimensions)));
    });
  return rows;
}

function momentsOf(values: readonly number[]): { mean: number; std: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, std: Math.sqrt(variance) };
}
