import { join } from "node:path";
import { UsageError } from "@flowify/core";
import { extractFiles } from "../data/extract.js";
import { publishedSets } from "../data/published.js";
import { fetchFile, type PublishedFile } from "../download/fetch-file.js";
import type { CliContext } from "../ui/context.js";
import { formatCount } from "../ui/format.js";
import { createProgress, type Progress } from "../ui/progress.js";
import { unknownName } from "../ui/suggest.js";
import { createTerminal, type Terminal } from "../ui/terminal.js";

export type DataGetFlags = { out?: string; mirror?: string; json?: boolean; quiet?: boolean };

const KILO = 1000;

export async function getData(this: CliContext, flags: DataGetFlags, name: string): Promise<void> {
  const { stdout, stderr, env } = this.host;
  const { json = false, quiet = false, mirror, out = join("data", name) } = flags;
  const terminal = createTerminal({ stdout, stderr, env, json, quiet });
  const set = Object.hasOwn(publishedSets, name) ? publishedSets[name] : undefined;
  if (set === undefined) throw new UsageError(unknownName("data set", name, Object.keys(publishedSets)));
  const files: string[] = [];
  for (const [file, published] of Object.entries(set.files)) {
    const path = join(out, file);
    const from = mirror === undefined ? published : { ...published, url: new URL(file, mirror).href };
    const fetched = await fetchShown(from, path, file, terminal);
    terminal.note(
      `${path}: ${fetched ? "fetched" : "already present"}, ${published.checksum.kind} ${published.checksum.value}`,
    );
    files.push(...(set.unpack ? await extractFiles(path, set.unpack, out) : [path]));
  }
  const training =
    flags.out === undefined
      ? `flowify train --data ${name}`
      : `flowify train --data ${name} --data-dir ${out}`;
  if (!quiet) terminal.say(`${formatCount(files.length)} files in ${out}; train on them with ${training}`);
  terminal.document({ dataset: name, folder: out, files });
}

/** Downloads a file with a progress line: kilobytes, rate, time left. */
async function fetchShown(
  from: PublishedFile,
  path: string,
  label: string,
  terminal: Terminal,
): Promise<boolean> {
  let progress: Progress | undefined;
  let [begun, started] = [0, 0];
  const end = (): void => {
    progress?.finish();
    progress = undefined;
  };
  try {
    return await fetchFile(from, path, {
      onBytes: (done, total = done) => {
        if (progress === undefined) {
          [begun, started] = [done, performance.now()];
          progress = createProgress(terminal, {
            label,
            total: Math.ceil(total / KILO),
            done: Math.floor(done / KILO),
          });
        }
        const rate = (done - begun) / Math.max(1, performance.now() - started); // kB/s
        progress.update(Math.ceil(done / KILO), `kB  ${formatCount(rate)} kB/s`);
      },
      onRetry: (why, pause) => {
        end();
        terminal.warn(`${from.url}: ${why}; retrying in ${pause / 1000} s`);
      },
    });
  } finally {
    end();
  }
}
