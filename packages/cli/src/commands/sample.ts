import { basename } from "node:path";
import { type FlowModel, UsageError } from "@flowify/core";
import { expectImages, firstImages, type ImageShape, isRowShape } from "../data/image-set.js";
import { writeFileAtomic } from "../files/atomic.js";
import { defineCommand, type Running } from "../flags/define.js";
import { choice, count, expectNone, type FlagsOf, text, texts, value } from "../flags/flag.js";
import { positiveNumber, wantedResults } from "../flags/parsers.js";
import { commonFlags, forceFlag, runFolder, seedFlag } from "../flags/shared.js";
import { verdicts } from "../quality/features.js";
import { openJudge } from "../quality/judge.js";
import { launchedSize } from "../ranks/launcher.js";
import { readRunConfig } from "../runs/config-file.js";
import { runPaths } from "../runs/folder.js";
import { imagesFor, type SavedRun, withModel } from "../runs/open-run.js";
import { expectFree, inputsOfRun } from "../runs/outputs.js";
import { sampleRows } from "../samples/sample-rows.js";
import { askFor, judgedLines, wantedText } from "../samples/wanted-outputs.js";
import { drawSamples, labelsOf, SHEET_TEMPERATURE } from "../sheets/run-pictures.js";
import { countOf, formatCount, unknownName } from "../ui/format.js";
import type { Terminal } from "../ui/terminal.js";

const flags = {
  count: count("Number of samples (default: 150)"),
  columns: count("Images per row of the grid (default: 15)"),
  seed: seedFlag("Seed of the samples (default: 0)"),
  temperature: value(
    positiveNumber({ zero: true }),
    "T",
    "Factor on the standard deviation of the base; values below 1 give more likely images (default: 0.7 for pictures, 1 for rows)",
  ),
  mode: choice(
    ["sample", "deterministic"],
    "Sample dropped coordinates, or set their noise to its mean (default: sample)",
  ),
  condition: text(
    "CLASS",
    "Sample this class, a number or a name (default: another class in each row of the grid)",
  ),
  logits: value(
    wantedResults,
    "PLACE:VALUE,…",
    "Of a network that is one step: sample inputs for which it has these outputs, by place",
  ),
  judge: text(
    "FILE",
    "For --logits and runs of classes: a classifier (ONNX) that counts the samples that are what was asked for",
  ),
  given: texts(
    "COLUMN=VALUE",
    "For a table: sample rows with this value in a column; may be given for several columns",
  ),
  out: text(
    "FILE",
    "PNG file; for rows .csv, .json, .jsonl, .parquet or .npy (default: samples.png or samples.csv in the run's folder)",
  ),
  force: forceFlag,
  ...commonFlags,
};

type SampleFlags = FlagsOf<typeof flags>;

export const command = defineCommand({
  args: [runFolder],
  flags,
  help: `Samples from the base distribution and runs the flow backwards. Writes images as a labelled grid (PNG), and rows
as CSV, JSON lines, Parquet or NumPy file. Rows of a table have its own types: categories, whole numbers, dates, missing
values. Pictures have a temperature of 0.7, as those of training, because more of their samples look real;
--temperature 1 samples from the density itself.

Rows are written in blocks, so any number of them needs the same memory. After a kill, the same command continues. Several
processes share the rows: mpirun -n 4 flowify sample …. The file has the same bytes in each case.

--given samples rows of a table that hold a value, by importance resampling. It prints the effective sample size: the
number of independent rows that the result is worth. These rows are held in memory, in one process.

EXAMPLES
  flowify sample runs/a
  flowify sample runs/a --count 40 --columns 10 --temperature 1 --out digits.png
  flowify sample runs/classes --condition 7
  flowify sample runs/pets --condition cat
  flowify sample runs/classifier --logits 3:8
  flowify sample runs/classes --condition 7 --judge mnist-7.onnx
  flowify sample runs/sensors --count 1000 --out rows.npy
  flowify sample runs/parcels --count 1000 --out rows.parquet
  flowify sample runs/parcels --count 1e7 --out rows.parquet
  flowify sample runs/parcels --given carrier=air --given weight=12 --out heavy.csv`,
  run: sample,
});

async function sample(context: Running, flags: SampleFlags, folder: string): Promise<void> {
  const {
    host: { env },
    terminal,
  } = context;
  if (flags.out !== undefined) expectFree([flags.out], flags, { inputs: inputsOfRun(folder) });
  const { data } = readRunConfig(folder);
  const { shape } = data;
  if (!data.reading?.schema)
    expectNone(
      flags,
      ["given"],
      "is for runs of a table with named columns\n--condition samples images of a class",
    );
  if (isRowShape(shape)) {
    if (flags.judge !== undefined)
      throw new UsageError("--judge: this run has rows, expected images\nleave --judge out");
    return sampleRows(context, flags, folder, { ...data, shape });
  }
  if ((launchedSize(env) ?? 1) > 1)
    throw new UsageError("several ranks sample rows, a picture is made by one process\nstart one process");
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
  const { count = 150, columns = 15, seed = 0, temperature = SHEET_TEMPERATURE, mode = "sample" } = flags;
  const { config, step } = run;
  const classes = run.flow.condition?.levels;
  const names = config.data.reading?.classes;
  const label = flags.condition === undefined ? undefined : classNamed(flags.condition, classes, names);
  const { logits, judge } = flags;
  if (judge !== undefined && (logits ?? classes) === undefined)
    throw new UsageError(
      "--judge counts samples of a class that was asked for\nadd --logits PLACE:VALUE, name a run trained with --condition label, or leave it out",
    );
  const asked = logits && (await askFor(run, logits, count));
  for (const line of asked?.warnings ?? []) terminal.warn(line);
  const wanted = wantedText(logits);
  const { samples } = runPaths(folder);
  const file = flags.out ?? samples;
  const across = Math.min(columns, count);
  const named = `${config.network} after ${countOf(step, "step")}`;
  const { images, png } = await drawSamples(model, {
    title: `${named}: ${count} samples${wanted ? ` for the outputs ${wanted}` : ""}`,
    shape,
    count,
    columns: across,
    seed,
    temperature,
    mode,
    label,
    classes: names,
    asked,
  });
  await writeFileAtomic(file, png);
  terminal.say(`${countOf(count, "sample")}, temperature ${temperature}: ${file}`);
  const found = await asked?.judge(images);
  if (found) for (const line of judgedLines(found)) terminal.say(line);
  const wantedClasses = asked?.classes ?? labelsOf(classes, { count, columns: across, label });
  const judged = judge && wantedClasses && (await recognizedBy(judge, run, images, wantedClasses));
  if (judged !== undefined && judge)
    terminal.say(`${basename(judge)} recognizes ${judged} of ${formatCount(count)} as asked`);
  terminal.document({
    file,
    count,
    columns,
    seed,
    temperature,
    mode,
    ...(label !== undefined && { label }),
    ...(found && { logits: wanted, recognized: found.recognized ?? null, reached: found.reached.length }),
    ...(judged !== undefined && { judged }),
    step,
  });
}

/** The class that a user means: by its name, or its number. @throws UsageError for another one */
function classNamed(given: string, classes: number | undefined, names: readonly string[] = []): number {
  if (classes === undefined)
    throw new UsageError(
      "--condition: this run is not conditional on a class\ntrain one with --condition label",
    );
  const label = names.includes(given) ? names.indexOf(given) : /^\d+$/.test(given) ? Number(given) : classes;
  if (label < classes) return label;
  throw new UsageError(
    names.length > 0
      ? `--condition: ${unknownName("class", given, names)}`
      : `--condition ${given}: expected a class from 0 to ${classes - 1}`,
  );
}

/** Real images that tell which scaling of the pixels a classifier takes. */
const LOOKED_AT = 500;

/** How many samples, bytes [count, C, H, W], a classifier in a file calls the class that was asked for. Errors: those of `openJudge`. */
async function recognizedBy(
  file: string,
  run: SavedRun,
  images: Uint8Array,
  asked: readonly number[],
): Promise<number> {
  const real = expectImages(await imagesFor(run, {}), "--judge");
  const judge = await openJudge(file, firstImages(real, Math.min(LOOKED_AT, real.count)), undefined);
  try {
    const seen = verdicts(await judge.look(images));
    return seen.filter(({ label }, i) => label === asked[i]).length;
  } finally {
    await judge.dispose();
  }
}
