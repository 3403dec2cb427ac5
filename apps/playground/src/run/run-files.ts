import { type Unzipped, unzip } from "fflate";
import { pathOf } from "../ui/files.js";

/** Largest run that is read, in bytes. */
const LARGEST = 512 * 2 ** 20;

/** The files in the folder of a run, by name. */
export type RunFiles = Readonly<{
  names: readonly string[];
  /** Bytes of a file; undefined if it does not exist. */
  read(name: string): Promise<Uint8Array | undefined>;
}>;

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
  if (files.length === 1 && first && /\.zip$/i.test(first.name)) return inArchive(first);
  const wanted = files.filter((file) => WANTED.test(pathOf(file)));
  const found = new Map(wanted.map((file) => [nameOf(pathOf(file)), file]));
  expectOneRun(wanted.map(pathOf));
  return {
    names: [...found.keys()],
    async read(name) {
      const file = found.get(name);
      if (!file) return undefined;
      if (file.size > LARGEST) throw tooLarge(name, file.size);
      return new Uint8Array(await file.arrayBuffer());
    },
  };
}

async function inArchive(archive: File): Promise<RunFiles> {
  if (archive.size > LARGEST) throw tooLarge(archive.name, archive.size);
  const packed = new Uint8Array(await archive.arrayBuffer());
  let total = 0;
  const entries = await new Promise<Unzipped>((done, fail) => {
    const filter = ({ name, originalSize }: { name: string; originalSize: number }): boolean => {
      if (!WANTED.test(name)) return false;
      total += originalSize;
      if (total > LARGEST) throw tooLarge(archive.name, total);
      return true;
    };
    try {
      unzip(packed, { filter }, (error, found) => (error ? fail(damaged(archive.name, error)) : done(found)));
    } catch (error) {
      fail(damaged(archive.name, error));
    }
  });
  expectOneRun(Object.keys(entries));
  const found = new Map(Object.entries(entries).map(([path, bytes]) => [nameOf(path), bytes]));
  return { names: [...found.keys()], read: async (name) => found.get(name) };
}

function expectOneRun(paths: readonly string[]): void {
  const runs = paths.filter((path) => nameOf(path) === "config.json");
  if (runs.length === 0)
    throw new Error(
      "No run found: config.json is missing. Drop the folder that flowify train wrote, or a zip archive of it.",
    );
  if (runs.length > 1)
    throw new Error(`Found ${runs.length} runs (${runs.slice(0, 3).join(", ")}), expected one. Drop one.`);
}

const tooLarge = (name: string, bytes: number): Error =>
  new Error(
    `${name} has ${Math.round(bytes / 2 ** 20)} MiB, expected at most ${LARGEST / 2 ** 20} MiB. Use the command for this run.`,
  );

const damaged = (name: string, error: unknown): Error =>
  error instanceof Error && error.message.includes("MiB")
    ? error
    : new Error(`${name} is not a zip archive, or is damaged (${(error as Error).message}).`);
