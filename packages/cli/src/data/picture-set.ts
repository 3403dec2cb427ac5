import { DataError } from "@flowify/core";
import { valueAt, valueUnder } from "../places.js";
import { printable } from "../ui/printable.js";
import { allocate } from "./arrays/allocate.js";
import { drawnSplit } from "./drawn-split.js";
import type { Reading } from "./format.js";
import {
  type ImageSet,
  type ImageShape,
  imageSet,
  imageSize,
  type PublishedSplit,
  takenAt,
  WHOLE,
} from "./image-set.js";
import { type Picture, pictureDecoder } from "./picture.js";
import { classesByFolder, type PictureSource, splitByFolder } from "./picture-source.js";

const DAMAGED_REMEDY = "repair or remove it, or skip damaged pictures with --skip-corrupt";

/**
 * The pictures of a split: those of its folder; without such folders those chosen for it, or with `undrawn` all of
 * them.
 *
 * @throws DataError for a damaged picture, or one of another size or colour than the first
 */
export function readSplit(
  source: PictureSource,
  split: PublishedSplit,
  name: string,
  reading: Reading,
  undrawn = false,
): Promise<ImageSet> {
  const own = splitByFolder(source.names);
  if (own) return readPictures(source, own[split], { name, split }, reading);
  if (undrawn) return readPictures(source, source.names, { name, split: WHOLE }, reading);
  const { length } = source.names;
  const names = drawnSplit(source.path, length, split).map((i) => valueAt(source.names, i));
  return readPictures(source, names, { name, split, drawnFrom: length }, reading);
}

/**
 * The pictures with these names, in this order. The first of all pictures sets the size and grey or colour, unless the
 * options do.
 */
async function readPictures(
  source: PictureSource,
  names: readonly string[],
  set: Pick<ImageSet, "name" | "split" | "drawnFrom" | "partOf">,
  reading: Reading,
): Promise<ImageSet> {
  const { grey, size, resize, skipCorrupt = false } = reading;
  const first = await firstPicture(source, skipCorrupt);
  const channels = (grey ?? first.picture.grey) ? 1 : 3;
  const [height, width] = size ?? [first.picture.height, first.picture.width];
  const shape: ImageShape = [channels, height, width];
  const pixels = imageSize(shape);
  const images = allocate(source.path, names.length * pixels);
  const places = new Map(names.map((name, place) => [name, place]));
  const skipped = new Set<string>();

  const decode = await pictureDecoder();
  for await (const { name, bytes } of source.read(new Set(names))) {
    let picture: Picture;
    try {
      picture = await decode(await bytes(), { channels, size, resize });
    } catch (cause) {
      if (!skipCorrupt) throw damaged(source, name, cause);
      skipped.add(name);
      continue;
    }
    expectAlike(source, name, picture, first, shape, grey);
    images.set(picture.planes, valueUnder(places, name) * pixels);
  }
  const byFolder = classesByFolder(source, reading.classes);
  const labelled = byFolder && {
    labels: Uint8Array.from(names, byFolder.labelOf),
    classes: byFolder.classes,
  };
  const all = imageSet({ ...set, images, shape, names, ...labelled });
  if (skipped.size === 0) return all;
  if (skipped.size === names.length) throw new DataError(`${source.path}: every picture is damaged`);
  const kept = names.flatMap((name, place) => (skipped.has(name) ? [] : [place]));
  return { ...takenAt(all, kept), skipped: [...skipped].sort() };
}

type First = Readonly<{ name: string; picture: Picture }>;

/** The first of all pictures; with `skipCorrupt` the first readable one. */
async function firstPicture(source: PictureSource, skipCorrupt: boolean): Promise<First> {
  const decode = await pictureDecoder();
  for (const wanted of source.names)
    for await (const { name, bytes } of source.read(new Set([wanted]))) {
      try {
        return { name, picture: await decode(await bytes()) };
      } catch (cause) {
        if (!skipCorrupt) throw damaged(source, name, cause);
      }
    }
  throw new DataError(`${source.path}: every picture is damaged`);
}

/** The message of a damaged archive stays unchanged. */
const damaged = ({ path }: PictureSource, name: string, cause: unknown): Error =>
  cause instanceof DataError
    ? cause
    : new DataError(
        `${path}: ${printable(name)}: cannot be read as a picture (${(cause as Error).message})\n${DAMAGED_REMEDY}`,
        {
          cause,
        },
      );

function expectAlike(
  { path }: PictureSource,
  name: string,
  picture: Picture,
  first: First,
  [channels, height, width]: ImageShape,
  grey: boolean | undefined,
): void {
  if (picture.height !== height || picture.width !== width)
    throw new DataError(
      `${path}: ${printable(name)}: ${picture.height}x${picture.width} pixels, ${printable(first.name)} has ${height}x${width}\nresize all to one size first, or with --size ${height}x${width}`,
    );
  if (grey === undefined && channels === 1 && !picture.grey)
    throw new DataError(
      `${path}: ${printable(name)}: in colour, ${printable(first.name)} is grey\nconvert all to one kind first, or use --grey, or --no-grey for colour`,
    );
}
