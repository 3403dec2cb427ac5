import { join } from "node:path";
import { type FlowModel, UsageError } from "@flowify/core";
import type { CommonFlags } from "../commands/shared.js";
import type { CliContext } from "../context.js";
import { expectImages, firstImages, isRowShape } from "../data/image-set.js";
import { expectRowFile, rowFileBytes } from "../data/row-files.js";
import { expectTableFile } from "../data/table/write-table.js";
import { writeFileAtomic } from "../run/atomic.js";
import { readRunConfig } from "../run/config.js";
import { expectPlaceFor, runPaths } from "../run/folder.js";
import { inpaintingSheet, STEPS } from "../run/inpainting-sheet.js";
import { samplesPicture } from "../run/pictures.js";
import type { Hidden, Sheet } from "../run/sheet-names.js";
import { interpolationSheet, layerSheet, PAIRS, type SheetOptions, temperatureSheet } from "../run/sheets.js";
import { formatCount } from "../ui/format.js";
import { createProgress } from "../ui/progress.js";
import { createTerminal, type Terminal } from "../ui/terminal.js";
import { imagesFor, type SavedRun, withModel } from "./open-run.js";
import { expectTableFlags, sampleTable } from "./sample-table.js";

export type SampleFlags = CommonFlags & {
  count?: number;
  columns?: number;
  seed?: number;
  temperature?: number;
  mode?: "sample" | "deterministic";
  sheet?: Sheet;
  hide?: Hidden;
  out?: string;
  given?: readonly string[];
  privacy?: boolean;
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
    sheet = "samples",
  } = flags;
  const terminal = createTerminal({ stdout, stderr, env, json, quiet });
  if (flags.out !== undefined) expectPlaceFor(flags.out);
  if (flags.hide !== undefined && sheet !== "inpainting")
    throw new UsageError("--hide belongs to --sheet inpainting\nadd --sheet inpainting, or leave --hide out");
  const { shape, columns: names, reading: { schema } = {} } = readRunConfig(folder).data;
  if (!schema) expectTableFlags(flags);
  const paths = runPaths(folder);
  const picture = sheet === "samples" ? paths.samples : join(folder, `${sheet}.png`);
  const file = flags.out ?? (isRowShape(shape) ? paths.sampledRows : picture);
  if (isRowShape(shape)) {
    if (sheet !== "samples")
      throw new UsageError(`--sheet ${sheet}: this run has rows, expected images\nleave --sheet out`);
    if (schema) expectTableFile(file);
    else expectRowFile(file);
  }
  await withModel(folder, flags, terminal, async (model, run) => {
    const { config, step } = run;
    const said = `${formatCount(count)} samples: ${file}`;
    if (schema) {
      const { given, privacy } = flags;
      const sampling = { count, seed, temperature, mode, given, privacy };
      return sampleTable(model, run, schema, file, sampling, terminal);
    }
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
    const named = `${config.network} after ${formatCount(step)} steps`;
    if (sheet !== "samples") {
      const options = { title: `${named}: ${sheet}`, shape, columns, seed, temperature };
      const picture = await sheetPicture(model, run, sheet, options, { hide: flags.hide, terminal });
      await writeFileAtomic(file, picture);
      terminal.say(`${sheet}: ${file}`);
      terminal.document({ file, sheet, columns, seed, temperature, step });
      return;
    }
    const png = await samplesPicture(model, {
      title: `${named}: ${count} samples`,
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

async function sheetPicture(
  model: FlowModel,
  run: SavedRun,
  sheet: Exclude<Sheet, "samples">,
  options: SheetOptions,
  { hide = "bottom", terminal }: { hide: Hidden | undefined; terminal: Terminal },
): Promise<Uint8Array> {
  if (sheet === "temperatures") return temperatureSheet(model, options);
  if (sheet === "layers") return layerSheet(model, options);
  const images = expectImages(await imagesFor(run, {}), `--sheet ${sheet}`);
  if (sheet === "inpainting") {
    const progress = createProgress(terminal, { label: "steps", total: STEPS });
    const onStep = (step: number, accepted: number): void =>
      progress.update(step, accepted > 0 ? `${Math.round(100 * accepted)} % accepted` : "");
    const picture = await inpaintingSheet(model, images, hide, options, onStep);
    progress.finish();
    return picture;
  }
  if (images.count < 2)
    throw new UsageError("--sheet interpolation: needs two test images\nchoose another sheet");
  return interpolationSheet(model, firstImages(images, Math.min(2 * PAIRS, images.count)), options);
}
