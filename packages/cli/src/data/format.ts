import type { PixelSize } from "./array-images.js";
import type { DataSet, PublishedSplit } from "./image-set.js";

/** Resizing of pictures: `crop` to fill the size, `fit` into it on black, `stretch` to it. */
export const resizings = ["crop", "fit", "stretch"] as const;
export type Resizing = (typeof resizings)[number];

/** Options for reading images. */
export type Reading = Readonly<{
  /** Height and width: of images in rows of an array, or the target size of pictures. */
  size?: PixelSize;
  /** Resizing of pictures of another size; crop by default. */
  resize?: Resizing;
  /** Grey or colour; by default that of the first picture. */
  grey?: boolean;
  /** Skip damaged pictures. */
  skipCorrupt?: boolean;
}>;

/** The flags of the command that set them. */
export const readingFlags: Readonly<Record<keyof Reading, string>> = {
  size: "--size",
  resize: "--resize",
  grey: "--grey",
  skipCorrupt: "--skip-corrupt",
};

/** A format of folders or files with images or rows of numbers. */
export type DataFormat<Set extends DataSet = DataSet> = Readonly<{
  /** The options that it supports. */
  takes: readonly (keyof Reading)[];
  holds(path: string, split: PublishedSplit): boolean | Promise<boolean>;
  /** `undrawn`: for examples without splits, all of them instead of those chosen for the split. */
  read(path: string, split: PublishedSplit, name: string, reading: Reading, undrawn?: boolean): Promise<Set>;
}>;
