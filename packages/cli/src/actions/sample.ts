import { join } from "node:path";
import { type FlowModel, UsageError } from "@flowify/core";
import { expectImages, firstImages, type ImageShape, isRowShape } from "../data/image-set.js";
import { writeFileAtomic } from "../files/atomic.js";
import { launchedSize } from "../ranks/launcher.js";
import { readRunConfig } from "../runs/config-file.js";
import { expectPlaceFor, runPaths } from "../runs/folder.js";
import { imagesFor, type SavedRun, withModel } from "../runs/open-run.js";
import { sampleRows } from "../samples/sample-rows.js";
import { expectTableFlags } from "../samples/sample-table.js";
import { inpaintingSheet, STEPS } from "../sheets/inpainting-sheet.js";
import { samplesPicture } from "../sheets/run-pictures.js";
import type { Hidden, Sheet } from "../sheets/sheet-names.js";
import {
  interpolationSheet,
  layerSheet,
  PAIRS,
  type SheetOptions,
  temperatureSheet,
} from "../sheets/sheets.js";
import type { CliContext } from "../ui/context.js";
import { formatCount } from "../ui/format.js";
import { createProgress } from "../ui/progress.js";
import { createTerminal, type Terminal } from "../ui/terminal.js";
import type { SampleFlags } from "./sample-flags.js";

export async function sample(this: CliContext, flags: SampleFlags, folder: string): Promise<void> {
  const { stdout, stderr, env } = this.host;
  const { json = false, quiet = false, sheet = "samples" } = flags;
  if (flags.out !== undefined) expectPlaceFor(flags.out);
  if (flags.hide !== undefined && sheet !== "inpainting")
    throw new UsageError("--hide belongs to --sheet inpainting\nadd --sheet inpainting, or leave --hide out");
  const { data } = readRunConfig(folder);
  const { shape } = data;
  if (!data.reading?.schema) expectTableFlags(flags);
  if (isRowShape(shape)) {
    if (sheet !== "samples")
      throw new UsageError(`--sheet ${sheet}: this run has rows, expected images\nleave --sheet out`);
    return sampleRows(this, flags, folder, { ...data, shape });
  }
  if ((launchedSize(env) ?? 1) > 1)
    throw new UsageError("several ranks sample rows, a picture is made by one process\nstart one process");
  const terminal = createTerminal({ stdout, stderr, env, json, quiet });
  await withModel(folder, flags, terminal, (model, run) =>
    samplePicture(model, run, { folder, flags, shape }, terminal),
  );
}

async function samplePicture(
  model: FlowModel,
  run: SavedRun,
  { folder, flags, shape }: Readonly<{ folder: string; flags: SampleFlags; shape: ImageShape }>,
  terminal: Terminal,
): Promise<void> {
  const {
    count = 150,
    columns = 15,
    seed = 0,
    temperature = 1,
    mode = "sample",
    sheet = "samples",
    hide,
  } = flags;
  const { config, step } = run;
  const { samples } = runPaths(folder);
  const file = flags.out ?? (sheet === "samples" ? samples : join(folder, `${sheet}.png`));
  const named = `${config.network} after ${formatCount(step)} steps`;
  if (sheet !== "samples") {
    const options = { title: `${named}: ${sheet}`, shape, columns, seed, temperature };
    await writeFileAtomic(file, await sheetPicture(model, run, sheet, options, { hide, terminal }));
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
  terminal.say(`${formatCount(count)} samples: ${file}`);
  terminal.document({ file, count, columns, seed, temperature, mode, step });
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
