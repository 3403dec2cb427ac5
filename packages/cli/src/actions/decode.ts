import { existsSync, readFileSync } from "node:fs";
import { applyNetwork, type FlowModel, type OrdinaryNetwork, UsageError } from "@flowify/core";
import { loadRuntime, openOriginal } from "@flowify/onnx";
import { numpy as np } from "@jax-js/jax";
import { readPicture } from "../data/image-files.js";
import { expectImages, type ImageShape } from "../data/image-set.js";
import { writeFileAtomic } from "../files/atomic.js";
import type { CommonFlags } from "../flags/shared.js";
import { networkOfDescription } from "../networks/weights.js";
import { imageGrid } from "../pictures/image-grid.js";
import { encodePng } from "../pictures/png.js";
import { judgeReached, reachedLines, reachedTitle } from "../quality/reached.js";
import { expectPlaceFor, runPaths } from "../runs/folder.js";
import { expectImageRun, imagesFor, type SavedRun, withModel } from "../runs/open-run.js";
import { expectRoomFor, toBytes } from "../sheets/run-pictures.js";
import type { CliContext } from "../ui/context.js";
import { createTerminal } from "../ui/terminal.js";

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
      const pixels = toBytes(await front.decode(examples, { mode: "deterministic" }));
      const found = judgeReached(
        Float32Array.from(wanted),
        await originalResults(folder, network, examples),
        await upTo.encode(pixels, { mode: "deterministic" }),
      );
      const shown = found.reached.length > 0 ? found.reached : found.missed;
      const title = `${run.config.network}: ${reachedTitle(found)}`;
      const grid = await imageGrid({ images: chosen(pixels, shown, count), shape, columns, title });
      await writeFileAtomic(file, await encodePng(grid));
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

/** Some of `count` pictures, in this order. */
function chosen(pixels: Uint8Array, which: readonly number[], count: number): Uint8Array {
  const size = pixels.length / count;
  const out = new Uint8Array(which.length * size);
  which.forEach((from, to) => {
    out.set(pixels.subarray(from * size, (from + 1) * size), to * size);
  });
  return out;
}
