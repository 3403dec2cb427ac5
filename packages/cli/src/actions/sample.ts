import type { CommonFlags } from "../commands/shared.js";
import type { CliContext } from "../context.js";
import { isRowShape } from "../data/image-set.js";
import { expectRowFile, rowFileBytes } from "../data/row-files.js";
import { writeFileAtomic } from "../run/atomic.js";
import { readRunConfig } from "../run/config.js";
import { expectPlaceFor, runPaths } from "../run/folder.js";
import { samplesPicture } from "../run/pictures.js";
import { formatCount } from "../ui/format.js";
import { createTerminal } from "../ui/terminal.js";
import { withModel } from "./open-run.js";

export type SampleFlags = CommonFlags & {
  count?: number;
  columns?: number;
  seed?: number;
  temperature?: number;
  mode?: "sample" | "deterministic";
  out?: string;
};

export async function sample(this: CliContext, flags: SampleFlags, folder: string): Promise<void> {
  const { stdout, stderr, env } = this.host;
  const {
    json = false,
    quiet = false,
    count = 150,
    columns = 15,
    seed = 0,
    temperature = 1,
    mode = "sample",
  } = flags;
  const terminal = createTerminal({ stdout, stderr, env, json, quiet });
  if (flags.out !== undefined) expectPlaceFor(flags.out);
  const { shape, columns: names } = readRunConfig(folder).data;
  const file = flags.out ?? runPaths(folder)[isRowShape(shape) ? "sampledRows" : "samples"];
  if (isRowShape(shape)) expectRowFile(file);
  await withModel(folder, flags, terminal, async (model, { config, step }) => {
    const said = `${formatCount(count)} samples: ${file}`;
    if (isRowShape(shape)) {
      const drawn = await model.sample(count, { seed, temperature, mode });
      await writeFileAtomic(
        file,
        rowFileBytes(file, { rows: drawn, shape, ...(names && { columns: names }) }),
      );
      terminal.say(said);
      terminal.document({ file, count, seed, temperature, mode, step });
      return;
    }
    const png = await samplesPicture(model, {
      title: `${config.network} after ${formatCount(step)} steps: ${count} samples`,
      shape,
      count,
      columns: Math.min(columns, count),
      seed,
      temperature,
      mode,
    });
    await writeFileAtomic(file, png);
    terminal.say(said);
    terminal.document({ file, count, columns, seed, temperature, mode, step });
  });
}
