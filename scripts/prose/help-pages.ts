/** The help of every command as Markdown with the same line numbers, for the prose check. */

type Run = (args: readonly string[], host: object) => Promise<number>;

// The package is a program and does not export the command, so this imports its sources.
const app = new URL("../../packages/cli/src/app.ts", import.meta.url);

/** The output of `flowify ARGS --help`. */
async function helpOf(runFlowify: Run, args: readonly string[]): Promise<string> {
  let text = "";
  const write = (piece: string): void => {
    text += piece;
  };
  const ignore = (): void => {};
  const host = { stdout: { write }, stderr: { write }, env: {}, on: ignore, off: ignore, exit: ignore };
  const status = await runFlowify([...args, "--help"], host);
  if (status !== 0) throw new Error(`flowify ${args.join(" ")} --help ends with ${status}: ${text}`);
  return text;
}

const commandsIn = (help: string): string[] => {
  const [, list = ""] = help.split("\nCOMMANDS\n");
  return Array.from(list.matchAll(/^ {2}([a-z]+) {2,}\S/gm), ([, name = ""]) => name);
};

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
export async function helpPages(): Promise<ReadonlyMap<string, string>> {
  const { runFlowify } = (await import(app.href)) as { runFlowify: Run };
  const pages = new Map<string, string>();
  const visit = async (args: readonly string[]): Promise<void> => {
    const help = await helpOf(runFlowify, args);
    pages.set(["flowify", ...args, "--help"].join(" "), markdownOf(help));
    for (const name of commandsIn(help)) await visit([...args, name]);
  };
  await visit([]);
  return pages;
}
