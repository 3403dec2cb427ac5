import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FlowifyError } from "@flowify/core";
import { compressedKinds } from "./compressed-kinds.js";
import { documentKinds } from "./document-kinds.js";
import { imageKinds } from "./kinds.js";
import { drawFrom, type FuzzResult } from "./mutated.js";
import { tableKinds } from "./table-kinds.js";

/** Of computing, whatever else the machine does; and of waiting for what may never come. */
const MOST_MS = 10_000;
const PATIENCE_MS = 120_000;

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

const kindsOf = {
  images: imageKinds,
  documents: documentKinds,
  tables: () => tableKinds,
  compressed: compressedKinds,
} as const;

/** One sort of files. */
export type Only = keyof typeof kindsOf;
export const sorts = Object.keys(kindsOf) as Only[];

/**
 * Reads mutated files of every kind, or of one sort, the same ones for every seed, until `enough` says so. A file does harm where
 * it ends in another error than one of flowify's own, computes for ten seconds, or does not end; it is kept in `folder` then.
 */
export async function readMutated(
  folder: string,
  seed: number,
  enough: (files: number) => boolean,
  only?: Only,
): Promise<FuzzResult> {
  const draw = drawFrom(seed);
  const all = (await Promise.all((only ? [only] : sorts).map(async (name) => kindsOf[name]()))).flat();
  const harmful: string[] = [];
  let [files, read, slowestMs] = [0, 0, 0];
  for (; !enough(files); files++) {
    const kind = all[files % all.length]!;
    const place = join(folder, `${seed}-${files}`);
    mkdirSync(place, { recursive: true });
    for (const [name, bytes] of Object.entries(await kind.make(draw)))
      writeFileSync(join(place, name), bytes);
    const started = cpuMs();
    const problem = await problemOf(async () => kind.read(place, draw));
    const took = cpuMs() - started;
    slowestMs = Math.max(slowestMs, took);
    if (problem === undefined) read++;
    if (problem || took > MOST_MS) harmful.push(`${join(place, kind.name)}: ${problem || `${took} ms`}`);
    else rmSync(place, { recursive: true });
  }
  return { files, read, harmful, slowestMs };
}

/** Undefined where it was read, empty for an error of flowify's own. */
async function problemOf(read: () => Promise<unknown>): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const hang = new Promise<string>((done) => {
    timer = setTimeout(() => done(`not read within ${PATIENCE_MS / 1000} s`), PATIENCE_MS);
  });
  const ending = read().then(
    () => undefined,
    (error: unknown) => (error instanceof FlowifyError ? "" : ((error as Error).stack ?? String(error))),
  );
  try {
    return await Promise.race([ending, hang]);
  } finally {
    clearTimeout(timer);
  }
}
