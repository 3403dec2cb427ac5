import { existsSync, readFileSync, statSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import * as v from "valibot";

const notesSchema = v.strictObject({ url: v.string(), validator: v.string() });

/** The beginning of a file that is still to come, beside its place: `NAME.part`, and `NAME.part.json` about it. */
export type Partial = Readonly<{
  path: string;
  /** Bytes that are there, and can be gone on from. */
  size(): number;
  /** What the server called the version that they are of. */
  validator(): string | undefined;
  /** Begins anew, with the bytes of this version; without one there is no going on later. */
  begin(validator: string | undefined): Promise<void>;
  remove(): Promise<void>;
}>;

export function partialOf(path: string, url: string): Partial {
  const part = `${path}.part`;
  const notes = `${part}.json`;
  const validator = (): string | undefined => {
    if (!existsSync(part) || !existsSync(notes)) return undefined;
    try {
      const { url: from, validator: version } = v.parse(notesSchema, JSON.parse(readFileSync(notes, "utf8")));
      return from === url ? version : undefined;
    } catch {
      return undefined; // torn or foreign: as if it were not there
    }
  };
  const remove = async (): Promise<void> => {
    await rm(notes, { force: true });
    await rm(part, { force: true });
  };
  return {
    path: part,
    size: () => (validator() === undefined ? 0 : statSync(part).size),
    validator,
    begin: async (version) => {
      await remove();
      await writeFile(part, "");
      if (version !== undefined) await writeFile(notes, JSON.stringify({ url, validator: version }));
    },
    remove,
  };
}
