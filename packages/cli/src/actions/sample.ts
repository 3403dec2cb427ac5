import type { SampleFlags } from "../commands/sample.js";
import type { CliContext } from "../context.js";
import { writeFileAtomic } from "../run/atomic.js";
import { expectPlaceFor, runPaths } from "../run/folder.js";
import { samplesPicture } from "../run/pictures.js";
import { formatCount } from "../ui/format.js";
import { createTerminal } from "../ui/terminal.js";
import { withModel } from "./open-run.js";

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
  const file = flags.out ?? runPaths(folder).samples;
  if (flags.out !== undefined) expectPlaceFor(flags.out);
  await withModel(folder, flags, terminal, async (model, { config, step }) => {
    const png = await samplesPicture(model, {
      title: `${config.network} after ${formatCount(step)} steps: ${count} samples`,
      shape: config.data.shape,
      count,
      columns: Math.min(columns, count),
      seed,
      temperature,
      mode,
    });
    await writeFileAtomic(file, png);
    terminal.say(`${formatCount(count)} samples: ${file}`);
    terminal.document({ file, count, columns, seed, temperature, mode, step });
  });
}
