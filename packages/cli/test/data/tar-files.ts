import { packTar } from "modern-tar";

/** The bytes of a tar archive of plain files. */
export const tarBytes = (
  files: readonly (readonly [name: string, content: Uint8Array])[],
): Promise<Uint8Array> =>
  packTar(files.map(([name, body]) => ({ header: { name, size: body.length }, body })));
