/** The help of every command as Markdown with the same line numbers, for the prose check. */
import { commandHelp } from "@flowify/site/command-help";

/**
 * Paragraphs stay unchanged. In indented lines, the prose is the last column (of flags, of a list, of examples), one
 * list entry per line; the rest is code.
 */
function markdownOf(help: string): string {
  let inList = false;
  let inUsage = false;
  return help
    .split("\n")
    .map((line) => {
      if (/^[A-Z]+$/.test(line)) {
        inUsage = line === "USAGE";
        return `# ${line.toLowerCase()}`;
      }
      const [, lastColumn] = /^ +\S.*? {2,}(\S.*?)(?: {2,}.*)?$/.exec(line) ?? [];
      const continues = inList && line.startsWith("        ");
      inList = !inUsage && (lastColumn !== undefined || continues);
      if (continues) return `  ${line.trim()}`;
      if (inList) return `- ${lastColumn}`;
      return line.startsWith("  ") ? "" : line;
    })
    .join("\n");
}

/** The call and its output for the help of each command, `flowify --help` first. */
export const helpPages = async (): Promise<ReadonlyMap<string, string>> =>
  new Map(Array.from(await commandHelp(), ([call, help]) => [`${call} --help`, markdownOf(help)]));
