import { type Unzipped, unzip } from "fflate";
import { pathOf } from "../ui/dropped-files.js";

/** The most that is read of a run, in bytes. */
const LARGEST = 512 * 2 ** 20;

/** What the folder of a run holds, by the names of its files. */
export type RunFiles = Readonly<{
  names: readonly string[];
  /** Bytes of a file; undefined where there is none. */
  read(name: string): Promise<Uint8Array | undefined>;
}>;

const nameOf = (path: string): string => path.split("/").at(-1) ?? path;
/** The files of a run that a page reads. */
const WANTED =
  /(^|\/)(config\.json|weights\.safetensors|original\.onnx|metrics\.jsonl|step-\d+\.(json|safetensors))$/;

/**
 * The files of one run: those of its folder, or a zip archive of it.
 *
 * @throws Error in words, where they are none, those of several runs, or too large
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
      "This holds no run: there is no config.json. Drop the folder that flowify train wrote, or a zip archive of it.",
    );
  if (runs.length > 1)
    throw new Error(`This holds ${runs.length} runs (${runs.slice(0, 3).join(", ")}). Drop one.`);
}

const tooLarge = (name: string, bytes: number): Error =>
  new Error(
    `${name} has ${Math.round(bytes / 2 ** 20)} MiB; a page reads runs up to ${LARGEST / 2 ** 20} MiB. The command takes it.`,
  );

const damaged = (name: string, error: unknown): Error =>
  error instanceof Error && error.message.includes("MiB")
    ? error
    : new Error(`${name} is no zip archive, or is damaged (${(error as Error).message}).`);
