import { existsSync, readFileSync, statSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import * as v from "valibot";

const notesSchema = v.strictObject({ url: v.string(), validator: v.string() });

/** A partial download next to the final path: `NAME.part`, with metadata in `NAME.part.json`. */
export type Partial = Readonly<{
  path: string;
  /** Number of bytes from which a download can resume. */
  size(): number;
  /** The server's identifier of their version. */
  validator(): string | undefined;
  /** Starts again with the bytes of this version; without a version, a later call cannot resume. */
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
      return undefined; // torn or foreign: treat it as missing
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
