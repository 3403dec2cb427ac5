import { countOf, formatCount } from "../ui/format.js";
import { type DataSet, describeImages, isRowShape } from "./image-set.js";
import { type DataSetChoice, hasSplit, loadExamples } from "./registry.js";

/** Classes that are listed. */
const SHOWN = 20;

/** How many images of each class there are. */
function classesOf(set: DataSet): { name: string; examples: number }[] {
  if ("rows" in set || !set.labels) return [];
  const counts = new Map<number, number>();
  for (const label of set.labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts]
    .toSorted(([a], [b]) => a - b)
    .map(([label, examples]) => ({ name: set.classes?.[label] ?? `${label}`, examples }));
}

/** `28x20 pixels, grey`. */
const shapeWords = ({ shape }: DataSet): string =>
  isRowShape(shape)
    ? countOf(shape[0], "column")
    : `${shape[1]}x${shape[2]} pixels, ${shape[0] === 1 ? "grey" : `${shape[0]} channels`}`;

/**
 * What `flowify train` would see of a data set of images: its splits, the size, and the classes, as lines and as a document.
 *
 * @throws the errors of `loadExamples`
 */
export async function describeImageSet(choice: DataSetChoice) {
  const sets: DataSet[] = [];
  for (const split of ["train", "test"] as const)
    if (await hasSplit(choice, split)) sets.push(await loadExamples(choice, split));
  const splits = sets.map((set) => ({ set, classes: classesOf(set) }));
  const lines = splits.flatMap(({ set, classes }) => [
    `${describeImages(set)}: ${shapeWords(set)}`,
    ...classes.slice(0, SHOWN).map(({ name, examples }) => `  ${name}: ${formatCount(examples)}`),
    ...(classes.length > SHOWN ? [`  and ${classes.length - SHOWN} more classes`] : []),
  ]);
  const document = splits.map(({ set: { split, count, shape, hash, drawnFrom, skipped }, classes }) => ({
    split,
    examples: count,
    shape,
    sha256: hash,
    ...(drawnFrom !== undefined && { drawnFrom }),
    ...(classes.length > 0 && { classes }),
    ...(skipped && { skipped }),
  }));
  return { lines, document };
}
