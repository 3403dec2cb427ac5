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

/** Test images among which the one is looked for that comes nearest to what is asked for. */
const LOOKED_AT = 1000;

export async function decode(this: CliContext, flags: DecodeFlags, folder: string): Promise<void> {
  const { stdout, stderr, env } = this.host;
  const { json = false, quiet = false, count = 64, columns = 8, seed = 0, temperature = 1 } = flags;
  const terminal = createTerminal({ stdout, stderr, env, json, quiet });
  if ((flags.logits === undefined) === (flags.like === undefined))
    throw new UsageError("say what the network shall give: --logits PLACE:VALUE, or --like IMAGE");
  const file = flags.out ?? `${folder}/preimages.png`;
  if (flags.out !== undefined) expectPlaceFor(flags.out);
  await withModel(folder, flags, terminal, async (model, run) => {
    const { from, to } = pretrainedPart(run, folder);
    const shape = expectImageRun(
      run,
      "flowify decode draws pictures",
      "the library does it for rows: model.preimages",
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
      terminal.say(`asked for: ${Array.from(wanted, (value) => value.toFixed(3)).join("  ")}`);
      terminal.say(
        `the original network gives it within ${inFile.toExponential(1)}, as pictures of 256 levels within ${asPictures.toExponential(1)}`,
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

/** @throws UsageError where the run is none of a converted network */
function pretrainedPart({ config }: SavedRun, folder: string): { from: number; to: number } {
  if (config.given) return config.given;
  throw new UsageError(
    `${folder}: its network was not given\nflowify train --from DIR makes a run of a converted network`,
  );
}

/** The given network without any flow. */
function ownNetwork({ config, network, flow: { chain } }: SavedRun): OrdinaryNetwork {
  const { from, to } = config.given!;
  const { layers } = networkOfDescription(config.description!, network.tensors);
  return { inShape: chain.layers[from]!.inShape, layers: layers.slice(from, to) } as OrdinaryNetwork;
}

/** The image whose results are asked for, or that comes nearest to those that are. */
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
  if (outside)
    throw new UsageError(`--logits: there is no result ${outside[0]}, the network gives 0 to ${size - 1}`);
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

/** Two digits, in the form that is shorter: `0.04`, `110`, `1e-5`. */
const short = (value: number): string => String(Number(value.toPrecision(2)));

/** What the picture says of itself: how many of the inputs are draws, and how far their results are from those asked for. */
export function preimagesTitle(ways: Float64Array, inFile: number, asPictures: number): string {
  const arrived = ways.filter((way) => way === 1).length;
  const draws = arrived === ways.length ? "drawn" : `${arrived} of them drawn`;
  return `${ways.length} inputs, ${draws}; results differ by ${short(inFile)}, as pictures by ${short(asPictures)}`;
}

/** How many of the inputs are draws of the inverse, and what the others are. */
function howFar({ ways }: Preimages, name: string): string {
  const arrived = ways.filter((way) => way === 1).length;
  const draws = `${arrived} of ${ways.length} are draws of the inverse, moved onto these results`;
  const stopped = ways.filter((way) => way < 1);
  if (stopped.length === 0) return draws;
  const mean = stopped.reduce((sum, way) => sum + way, 0) / stopped.length;
  return `${draws}; ${stopped.length} come from ${name}, and stopped on the way to their draw, after ${mean.toPrecision(2)} of it`;
}

/** What the file that the network came from gives in ONNX Runtime; without it, the layers as they were read. */
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
