import { existsSync, readdirSync, realpathSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { UsageError } from "@flowify/core";
import { PICTURE } from "../data/picture.js";
import { filesOf, isPattern } from "../data/table/sources/file-pattern.js";
import { RESTORE } from "../files/check.js";
import { isFolder, placeOf } from "../files/place.js";
import { readJson } from "../files/regular-file.js";
import type { OutFlags } from "../flags/shared.js";
import { NETWORK, ORIGINAL, WEIGHTS } from "../networks/weights.js";
import { FUNCTION } from "../opaque/function.js";
import type { RunConfig } from "../run-config.js";
import { checkRunFolder, inputPaths, runPaths } from "./folder.js";

/** What a command reads of a run or of a converted network: its own files, and the data that it was trained on. */
export function inputsOfRun(folder: string): string[] {
  const { config, regression } = inputPaths(folder);
  const document = [config, regression].find(existsSync);
  const found = document === undefined ? undefined : readJson(document, { damaged: RESTORE });
  const data = (found as Partial<RunConfig> | null | undefined)?.data;
  return [...Object.values(inputPaths(folder)), data?.name, data?.dir].filter(
    (each) => typeof each === "string",
  );
}

/** The files of a converted network. */
export const inputsOfConverted = (folder: string): string[] =>
  [WEIGHTS, ORIGINAL, NETWORK, FUNCTION].map((name) => join(folder, name));

/** What lies in a folder, none where it is missing or no folder. */
export const filesIn = (folder: string): string[] =>
  isFolder(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];

type Replaced = Readonly<{
  /** Names, patterns and folders that the command reads; undefined ones are skipped. */
  inputs: readonly (string | undefined)[];
  /** What is written where `--out` names no other place belongs to the run, which replaces it. */
  own?: boolean;
}>;

/**
 * Checks the files that a command is about to write, before anything slow begins. A file that is read is never replaced, and
 * another one only if `--out` names its place and `--force` is set.
 *
 * @param files `--out` itself, or files in the folder that it names
 * @throws UsageError that names the first file that must stay, or the folder that is missing
 */
export function expectFree(
  files: readonly string[],
  { out, force = false }: OutFlags,
  { inputs, own = false }: Replaced,
): void {
  if (out !== undefined) expectPlace(out, files.includes(out));
  const read = inputs.flatMap((input) => (input === undefined ? [] : realPaths(input)));
  for (const file of files) {
    if (!existsSync(file) || (file === out && !placeOf(file).replace)) continue;
    const named = out === undefined ? file : file === out ? `--out ${out}` : `--out ${out}: ${file}`;
    const place = realpathSync(file);
    if (read.some((input) => place === input || (PICTURE.test(place) && place.startsWith(input + sep))))
      throw new UsageError(`${named}: this file is read as well\nchoose another --out`);
    if (out === undefined ? own : force) continue;
    throw new UsageError(
      `${named}: exists already\n${out === undefined ? "name another place with --out" : "replace it with --force, or choose another --out"}`,
    );
  }
}

/** The checks of the folder of a new run. Errors: those of `checkRunFolder` and of `expectFree`, of all that `--force` replaces there. */
export function expectPlaceOfRun(folder: string, flags: OutFlags, inputs: Replaced["inputs"]): void {
  const { force = false } = flags;
  checkRunFolder(folder, { force });
  const { folder: _, ...files } = runPaths(folder);
  if (force) expectFree(Object.values(files), flags, { inputs });
}

/** @throws UsageError if nothing can be written to the named place */
function expectPlace(out: string, isFile: boolean): void {
  if (out === "-")
    throw new UsageError(
      "--out -: expected a name\nleave --out out where the command can write to standard output; ./- is a file of this name",
    );
  if (!isFile) {
    if (existsSync(out) && !isFolder(out)) throw new UsageError(`--out ${out}: a file, expected a folder`);
    return;
  }
  const folder = dirname(placeOf(out).path);
  if (!existsSync(folder))
    throw new UsageError(
      `--out ${out}: the folder ${folder} does not exist\ncreate it first, or choose another --out`,
    );
}

const realPaths = (input: string): string[] =>
  (isPattern(input) ? filesOf(input) : [input]).filter(existsSync).map((each) => realpathSync(each));
