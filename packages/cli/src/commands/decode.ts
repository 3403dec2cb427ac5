import { existsSync, readFileSync } from "node:fs";
import { applyNetwork, type FlowModel, type OrdinaryNetwork, UsageError } from "@flowify/core";
import { sizeOf } from "@flowify/core/layer";
import { loadRuntime, openOriginal } from "@flowify/onnx";
import { numpy as np } from "@jax-js/jax";
import { readPicture } from "../data/image-files.js";
import { expectImages, type ImageShape } from "../data/image-set.js";
import { writeFileAtomic } from "../files/atomic.js";
import { defineCommand, type Running } from "../flags/define.js";
import { count, type FlagsOf, text, value } from "../flags/flag.js";
import { positiveNumber, wantedResults } from "../flags/parsers.js";
import { commonFlags, forceFlag, runFolder, seedFlag } from "../flags/shared.js";
import { networkOfDescription } from "../networks/weights.js";
import { imageGrid } from "../pictures/image-grid.js";
import { encodePng } from "../pictures/png.js";
import { valueAt } from "../places.js";
import { judgeReached, reachedLines, reachedTitle } from "../quality/reached.js";
import { rowOf, takeRows } from "../rows.js";
import { runPaths } from "../runs/folder.js";
import { expectImageRun, imagesFor, type SavedRun, withModel } from "../runs/open-run.js";
import { expectFree, inputsOfRun } from "../runs/outputs.js";
import { askFor, judgedLines } from "../samples/wanted-outputs.js";
import { drawSamples, expectRoomFor, toBytes } from "../sheets/run-pictures.js";

const flags = {
  logits: value(
    wantedResults,
    "PLACE:VALUE,…",
    "Wanted outputs by place; an image is moved until the network outputs them",
  ),
  like: text("IMAGE", "Request the outputs of the network for this picture"),
  count: count("Number of preimages (default: 64)"),
  columns: count("Preimages per row of the picture (default: 8)"),
  seed: seedFlag("Seed of the samples (default: 0)"),
  temperature: value(
    positiveNumber({ zero: true }),
    "T",
    "Factor on the standard deviation of the noise (default: 1)",
  ),
  out: text("FILE", "PNG file (default: preimages.png in the run's folder)"),
  force: forceFlag,
  ...commonFlags,
};

type DecodeFlags = FlagsOf<typeof flags>;

export const command = defineCommand({
  args: [runFolder],
  flags,
  help: `For a run of flowify train --from. Samples inputs for which the pretrained network has the same
outputs (logits). They show what the network ignores.

Each sample of the learned inverse is moved by the shortest way to a point where the network has
exactly these outputs. If there is no such way, the input comes from the reference image instead,
and is moved as far as the outputs stay the same.

A picture holds integers from 0 to 255, so the network then runs on the rounded inputs too. An input
is reached if the outputs of its picture differ from the requested ones by at most 5 % of the
largest. The command prints how many are reached and how far the others are, before and after
rounding. Of a network that is one step the samples are those of its flow, and none is moved. The PNG file shows the reached inputs; if there are none, all of them, the nearest first.

EXAMPLES
  flowify decode runs/a --logits 9:10
  flowify decode runs/a --like digit.png --count 16 --columns 4 --out preimages.png`,
  run: decode,
});

/** Number of test images searched for the one whose outputs are nearest to the requested ones. */
const LOOKED_AT = 1000;

async function decode({ terminal }: Running, flags: DecodeFlags, folder: string): Promise<void> {
  const { count = 64, columns = 8, seed = 0, temperature = 1 } = flags;
  if ((flags.logits === undefined) === (flags.like === undefined))
    throw new UsageError(
      "the wanted outputs are missing\nset them with --logits PLACE:VALUE, or --like IMAGE",
    );
  const file = flags.out ?? `${folder}/preimages.png`;
  expectFree([file], flags, { inputs: [...inputsOfRun(folder), flags.like], own: true });
  await withModel(folder, flags, terminal, async (model, run) => {
    const shape = expectImageRun(
      run,
      "flowify decode works on images",
      "for rows, use the library: model.preimages",
    );
    expectRoomFor(model, count, shape);
    if (run.outputsOf) {
      const like = flags.like && (await run.outputsOf(await readPicture(flags.like, shape)));
      const wanted = flags.logits ?? new Map(Array.from(like || []).entries());
      const asked = await askFor(run, wanted, count);
      if (flags.logits) for (const line of asked.warnings) terminal.warn(line);
      const title = `${run.config.network}: inputs for the outputs ${[...wanted].map(([place, value]) => `${place}:${value.toPrecision(3)}`).join(", ")}`;
      const picture = { title, shape, count, columns, seed, temperature, mode: "sample" as const };
      const { images, png } = await drawSamples(model, { ...picture, asked });
      await writeFileAtomic(file, png);
      const found = await asked.judge(images);
      for (const line of [...judgedLines(found), `the inputs: ${file}`]) terminal.say(line);
      const { reached, recognized = null, rounded } = found;
      const drawn = { file, count, seed, temperature, wanted: Object.fromEntries(wanted) };
      terminal.document({ ...drawn, reached, recognized, differences: Array.from(rounded) });
      return;
    }
    const { from, to } = pretrainedPart(run, folder);
    const upTo = model.part(0, to);
    const own = model.part(from, to);
    const front = model.part(0, from);
    try {
      const { image, name } = await beginsAt(run, shape, upTo, flags);
      const network = ownNetwork(run);
      const example = await front.encode(image, { mode: "deterministic" });
      const { logits: results } = flags;
      const draws = await own.preimages(network, example, {
        count,
        seed,
        temperature,
        ...(results && { results }),
      });
      const { examples } = draws;
      const wanted = draws.results.map((value, place) => results?.get(place) ?? value);
      const pixels = toBytes(await front.decode(examples, { mode: "deterministic" }));
      const found = judgeReached(
        Float32Array.from(wanted),
        await originalResults(folder, network, examples),
        await upTo.encode(pixels, { mode: "deterministic" }),
      );
      const shown = found.reached.length > 0 ? found.reached : found.missed;
      const title = `${run.config.network}: ${reachedTitle(found)}`;
      const images = takeRows(pixels, sizeOf(shape), shown);
      const grid = await imageGrid({ images, shape, columns, title });
      await writeFileAtomic(file, encodePng(grid));
      terminal.say(`requested outputs: ${Array.from(wanted, (value) => value.toFixed(3)).join("  ")}`);
      for (const line of reachedLines(found, draws.ways, name)) terminal.say(line);
      terminal.say(
        `${found.reached.length > 0 ? "the reached inputs" : "the inputs, the nearest first"}: ${file}`,
      );
      terminal.document({
        file,
        count,
        seed,
        temperature,
        wanted: Array.from(wanted),
        from: name,
        ways: Array.from(draws.ways),
        reached: found.reached,
        differences: Array.from(found.exact),
        differencesAsPictures: Array.from(found.rounded),
      });
    } finally {
      for (const each of [upTo, own, front]) await each.dispose();
    }
  });
}

/** @throws UsageError if the run is not one of a converted network */
function pretrainedPart({ config }: SavedRun, folder: string): { from: number; to: number } {
  if (config.pretrained) return config.pretrained;
  throw new UsageError(
    `${folder}: not a run of a pretrained network\nmake one with flowify train --from DIR`,
  );
}

/** The pretrained network without any flow. */
function ownNetwork({ config, network, flow: { chain } }: SavedRun): OrdinaryNetwork {
  const { pretrained, description } = config;
  if (!pretrained || !description) throw new RangeError(`${config.network} has no pretrained part`);
  const { from, to } = pretrained;
  const { layers } = networkOfDescription(description, network.tensors);
  return { inShape: valueAt(chain.layers, from).inShape, layers: layers.slice(from, to) } as OrdinaryNetwork;
}

/** The image that sets the outputs, or the one with outputs nearest to the requested ones. */
async function beginsAt(
  run: SavedRun,
  shape: ImageShape,
  model: FlowModel,
  flags: DecodeFlags,
): Promise<{ image: Uint8Array; name: string }> {
  const { like, logits } = flags;
  if (like !== undefined) return { image: await readPicture(like, shape), name: like };
  if (logits === undefined) throw new RangeError("neither an image nor outputs");
  const size = sizeOf(model.flow.latentShape);
  const wanted = [...logits];
  const outside = wanted.find(([place]) => place >= size);
  if (outside) throw new UsageError(`--logits: there is no output ${outside[0]}, expected 0 to ${size - 1}`);
  const { images, count, name, split } = expectImages(await imagesFor(run, {}), "flowify decode");
  const pixels = images.length / count;
  const given = await model.encode(images.subarray(0, pixels * Math.min(LOOKED_AT, count)), {
    mode: "deterministic",
  });
  let [nearest, least] = [0, Number.POSITIVE_INFINITY];
  for (let at = 0; at * size < given.length; at++) {
    const distance = wanted.reduce(
      (sum, [place, value]) => sum + (valueAt(given, at * size + place) - value) ** 2,
      0,
    );
    if (distance < least) [nearest, least] = [at, distance];
  }
  const image = rowOf(images, nearest, pixels);
  return { image, name: `${name}/${split}#${nearest}` };
}

/** Outputs of the network's original file in ONNX Runtime; without a file, those of the layers as read. */
async function originalResults(
  folder: string,
  network: OrdinaryNetwork,
  inputs: Float32Array,
): Promise<Float32Array> {
  const { original: path } = runPaths(folder);
  if (!existsSync(path)) {
    const x = np.array(Float32Array.from(inputs)).reshape([-1, ...network.inShape]);
    return (await applyNetwork(network, x).data()) as Float32Array;
  }
  const original = await openOriginal(await loadRuntime(), readFileSync(path));
  try {
    return await original.run(inputs);
  } finally {
    await original.dispose();
  }
}
