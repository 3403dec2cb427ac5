import { type Unzipped, unzipSync } from "fflate";
import { firstOf, pathOf } from "../ui/files.js";

/** Largest file, or archive, of a run that is read, in bytes. */
const LARGEST = 512 * 2 ** 20;

/** The files of a run, by their names without folders. */
export type RunFiles = ReadonlyMap<string, Blob>;

const nameOf = (path: string): string => path.split("/").at(-1) ?? path;
/** The files of a run that the page reads. */
const WANTED =
  /(^|\/)(config\.json|weights\.safetensors|original\.onnx|metrics\.jsonl|step-\d+\.(json|safetensors))$/;

/**
 * The files of one run: those of its folder, or a zip archive of it.
 *
 * @throws Error for no run, several runs, or too large a run
 */
export async function runFilesOf(files: readonly File[]): Promise<RunFiles> {
  const [first] = files;
  const isArchive = files.length === 1 && first && /\.zip$/i.test(first.name);
  const all = isArchive ? await unpacked(first) : files.map((file) => [pathOf(file), file] as const);
  const wanted = all.filter(([path]) => WANTED.test(path));
  const runs = wanted.map(([path]) => path).filter((path) => nameOf(path) === "config.json");
  if (runs.length === 0)
    throw new Error(
      "No run found: config.json is missing. Drop the folder that flowify train wrote, or a zip archive of it.",
    );
  if (runs.length > 1)
    throw new Error(`Found ${runs.length} runs (${firstOf(runs)}), expected one. Drop one.`);
  for (const [path, { size }] of wanted) expectSmall(path, size);
  return new Map(wanted.map(([path, file]) => [nameOf(path), file]));
}

async function unpacked(archive: File): Promise<(readonly [path: string, file: Blob])[]> {
  expectSmall(archive.name, archive.size);
  const packed = new Uint8Array(await archive.arrayBuffer());
  let total = 0;
  const filter = ({ name, originalSize }: { name: string; originalSize: number }): boolean => {
    if (WANTED.test(name)) total += originalSize;
    return WANTED.test(name) && total <= LARGEST;
  };
  let entries: Unzipped;
  try {
    entries = unzipSync(packed, { filter });
  } catch (cause) {
    const why = (cause as Error).message;
    throw new Error(`${archive.name} is not a zip archive, or is damaged (${why}).`, { cause });
  }
  expectSmall(archive.name, total);
  return Object.entries(entries).map(([path, bytes]) => [path, new Blob([bytes])]);
}

function expectSmall(name: string, bytes: number): void {
  if (bytes > LARGEST)
    throw new Error(
      `${name} has ${Math.round(bytes / 2 ** 20)} MiB, expected at most ${LARGEST / 2 ** 20} MiB. Use the command for this run.`,
    );
}
