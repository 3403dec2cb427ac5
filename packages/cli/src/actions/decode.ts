import { existsSync, readFileSync } from "node:fs";
import { applyNetwork, type FlowModel, type OrdinaryNetwork, UsageError } from "@flowify/core";
import type { Preimages } from "@flowify/core/internal";
import { loadRuntime, openOriginal } from "@flowify/onnx";
import { numpy as np } from "@jax-js/jax";
import type { CommonFlags } from "../commands/shared.js";
import type { CliContext } from "../context.js";
import { readPicture } from "../data/image-files.js";
import { expectImages, type ImageShape } from "../data/image-set.js";
import { networkOfDescription } from "../format/weights.js";
import { imageGrid } from "../pictures/image-grid.js";
import { encodePng } from "../pictures/png.js";
import { writeFileAtomic } from "../run/atomic.js";
import { expectPlaceFor, runPaths } from "../run/folder.js";
import { expectRoomFor, toBytes } from "../run/pictures.js";
import { createTerminal } from "../ui/terminal.js";
import { expectImageRun, imagesFor, type SavedRun, withModel } from "./open-run.js";

export type DecodeFlags = CommonFlags & {
  logits?: ReadonlyMap<number, number>;
  like?: string;
  count?: number;
  columns?: number;
  seed?: number;
  temperature?: number;
  out?: string;
};

/** Number of test images searched for the one whose outputs are nearest to the requested ones. */
const LOOKED_AT = 1000;

export async function decode(this: CliContext, flags: DecodeFlags, folder: string): Promise<void> {
  const { stdout, stderr, env } = this.host;
  const { json = false, quiet = false, count = 64, columns = 8, seed = 0, temperature = 1 } = flags;
  const terminal = createTerminal({ stdout, stderr, env, json, quiet });
  if ((flags.logits === undefined) === (flags.like === undefined))
    throw new UsageError(
      "the wanted outputs are missing\nset them with --logits PLACE:VALUE, or --like IMAGE",
    );
  const file = flags.out ?? `${folder}/preimages.png`;
  if (flags.out !== undefined) expectPlaceFor(flags.out);
  await withModel(folder, flags, terminal, async (model, run) => {
    const { from, to } = pretrainedPart(run, folder);
    const shape = expectImageRun(
      run,
      "flowify decode works on images",
      "for rows, use the library: model.preimages",
    );
    expectRoomFor(model, count, shape);
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
      const all = repeated(wanted, count);
      const pixels = toBytes(await front.decode(examples, { mode: "deterministic" }));
      const inFile = largest(await originalResults(folder, network, examples), all);
      const asPictures = largest(await upTo.encode(pixels, { mode: "deterministic" }), all);
      const title = `${run.config.network}: ${preimagesTitle(draws.ways, inFile, asPictures)}`;
      const grid = await imageGrid({ images: pixels, shape, columns, title });
      await writeFileAtomic(file, await encodePng(grid));
      terminal.say(`requested outputs: ${Array.from(wanted, (value) => value.toFixed(3)).join("  ")}`);
      terminal.say(
        `the original network returns them within ${inFile.toExponential(1)}, and within ${asPictures.toExponential(1)} for pictures rounded to 256 levels`,
      );
      terminal.say(howFar(draws, name));
      terminal.say(`${count} preimages: ${file}`);
      terminal.document({
        file,
        count,
        seed,
        temperature,
        wanted: Array.from(wanted),
        from: name,
        ways: Array.from(draws.ways),
        largestDifference: inFile,
        largestAsPictures: asPictures,
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
  const { from, to } = config.pretrained!;
  const { layers } = networkOfDescription(config.description!, network.tensors);
  return { inShape: chain.layers[from]!.inShape, layers: layers.slice(from, to) } as OrdinaryNetwork;
}

/** The image that sets the outputs, or the one with outputs nearest to the requested ones. */
async function beginsAt(
  run: SavedRun,
  shape: ImageShape,
  model: FlowModel,
  flags: DecodeFlags,
): Promise<{ image: Uint8Array; name: string }> {
  if (flags.like !== undefined) return { image: await readPicture(flags.like, shape), name: flags.like };
  const size = model.flow.latentShape.reduce((a, b) => a * b, 1);
  const wanted = [...flags.logits!];
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
      (sum, [place, value]) => sum + (given[at * size + place]! - value) ** 2,
      0,
    );
    if (distance < least) [nearest, least] = [at, distance];
  }
  const image = images.subarray(nearest * pixels, (nearest + 1) * pixels);
  return { image, name: `${name}/${split}#${nearest}` };
}

/** Two digits, in the shorter form: `0.04`, `110`, `1e-5`. */
const short = (value: number): string => String(Number(value.toPrecision(2)));

/** Title of the picture: how many of the inputs are samples, and how far their outputs are from the requested ones. */
export function preimagesTitle(ways: Float64Array, inFile: number, asPictures: number): string {
  const arrived = ways.filter((way) => way === 1).length;
  const draws = arrived === ways.length ? "sampled" : `${arrived} of them sampled`;
  return `${ways.length} inputs, ${draws}; outputs differ by ${short(inFile)}, as pictures by ${short(asPictures)}`;
}

/** Describes how many of the inputs are samples of the inverse, and the origin of the others. */
function howFar({ ways }: Preimages, name: string): string {
  const arrived = ways.filter((way) => way === 1).length;
  const draws = `${arrived} of ${ways.length} are samples of the inverse, moved to these outputs`;
  const stopped = ways.filter((way) => way < 1);
  if (stopped.length === 0) return draws;
  const mean = stopped.reduce((sum, way) => sum + way, 0) / stopped.length;
  return `${draws}; ${stopped.length} come from ${name} and moved toward their sample, on average ${mean.toPrecision(2)} of the way`;
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

function repeated(values: Float32Array, count: number): Float32Array {
  const all = new Float32Array(values.length * count);
  for (let i = 0; i < count; i++) all.set(values, i * values.length);
  return all;
}

const largest = (found: Float32Array, wanted: Float32Array): number =>
  wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i]!)), 0);
