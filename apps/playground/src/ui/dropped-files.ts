/** Files of one drop at most: a folder of photographs is large, a whole disk is a mistake. */
const MOST_FILES = 20_000;

/** The path of a file below what was dropped or chosen. */
export const pathOf = (file: File): string =>
  (file as { relativePath?: string }).relativePath || file.webkitRelativePath || file.name;

/** Every file of a drop, those inside of folders with their paths. */
export async function filesOf({ items, files }: DataTransfer): Promise<File[]> {
  // the list of items is empty after the first await
  const entries = [...items].flatMap((item) => item.webkitGetAsEntry?.() ?? []);
  if (entries.length === 0) return [...files];
  const found: File[] = [];
  for (const entry of entries) await collect(entry, found);
  return found;
}

async function collect(entry: FileSystemEntry, found: File[]): Promise<void> {
  if (found.length >= MOST_FILES)
    throw new Error(`More than ${MOST_FILES} files were dropped: drop a smaller folder.`);
  if (entry.isFile) {
    const file = await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail));
    found.push(Object.assign(file, { relativePath: entry.fullPath.replace(/^\//, "") }));
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // a reader gives the entries of a folder in pieces, the last one empty
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (some.length === 0) return;
    for (const each of some) await collect(each, found);
  }
}
