import type { PixelSize } from "./array-images.js";
import type { ImageSet, PublishedSplit } from "./image-set.js";

/** How images are to be read that could be read in several ways. */
export type Reading = Readonly<{
  /** Height and width of an image: of rows of an array, or what pictures become. */
  size?: PixelSize;
}>;

/** The flags of the command that ask for it. */
export const readingFlags: Readonly<Record<keyof Reading, string>> = { size: "--size" };

/** A way in which folders or files hold images. */
export type DataForm = Readonly<{
  /** What can be asked of it. */
  takes: readonly (keyof Reading)[];
  holds(path: string, split: PublishedSplit): boolean | Promise<boolean>;
  read(path: string, split: PublishedSplit, name: string, reading: Reading): Promise<ImageSet>;
}>;
