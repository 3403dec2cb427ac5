/** Most files of one drop: a folder of photographs is large, a whole disk is a mistake. */
const MOST_FILES = 20_000;

/** The path of a file below the dropped or chosen folder. */
export const pathOf = (file: File): string =>
  (file as { relativePath?: string }).relativePath || file.webkitRelativePath || file.name;

/** Every file of a drop, with paths for files in folders. */
export async function filesOf({ items, files }: DataTransfer): Promise<File[]> {
  // the browser clears this list after the first await
  const entries = [...items].flatMap((item) => item.webkitGetAsEntry?.() ?? []);
  if (entries.length === 0) return [...files];
  const found: File[] = [];
  for (const entry of entries) await collect(entry, found);
  return found;
}

async function collect(entry: FileSystemEntry, found: File[]): Promise<void> {
  if (found.length >= MOST_FILES)
    throw new Error(`Found more than ${MOST_FILES} files. Drop a smaller folder.`);
  if (entry.isFile) {
    const file = await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail));
    found.push(Object.assign(file, { relativePath: entry.fullPath.replace(/^\//, "") }));
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // a reader returns the entries of a folder in batches, the last one empty
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (some.length === 0) return;
    for (const each of some) await collect(each, found);
  }
}

/** The first few names. */
export const firstOf = (names: readonly string[]): string =>
  `${names.slice(0, 3).join(", ")}${names.length > 3 ? ", …" : ""}`;

/** A file beside the page. */
export async function besidePage(name: string): Promise<Blob> {
  const response = await fetch(new URL(name, document.baseURI));
  if (!response.ok) throw new Error(`${name} could not be loaded (${response.status}). Reload the page.`);
  return response.blob();
}

/** Downloads bytes as a file. */
export function download(name: string, bytes: BlobPart, type = "application/octet-stream"): void {
  const url = URL.createObjectURL(new Blob([bytes], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
