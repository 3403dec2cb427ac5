/** The help of every command as Markdown, with the lines of the help where they are, for the check of prose. */

type Run = (args: readonly string[], host: object) => Promise<number>;

// The command is no export of its package, which is a program; so its sources are read as the program reads them.
const app = new URL("../../packages/cli/src/app.ts", import.meta.url);

/** What `flowify ARGS --help` prints. */
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

/** Usage and examples are code. In a table of flags the prose is the last column, an item a line. */
function markdownOf(help: string): string {
  let section = "";
  return help
    .split("\n")
    .map((line) => {
      if (/^[A-Z]+$/.test(line)) section = line;
      else if (section === "USAGE" && line === "") section = "USAGE ends";
      else if (section === "USAGE" || section === "EXAMPLES") return line && `    ${line}`;
      else if (/^(FLAGS|COMMANDS|ARGUMENTS)$/.test(section))
        return line.replace(/^ +\S.*? {2,}(\S.*?)( {2,}.*)?$/, "- $1");
      return line.startsWith("  ") ? `    ${line}` : line;
    })
    .join("\n");
}

/** Name of the command and its help, `flowify` itself first. */
export async function helpPages(): Promise<ReadonlyMap<string, string>> {
  const { runFlowify } = (await import(app.href)) as { runFlowify: Run };
  const pages = new Map<string, string>();
  const visit = async (args: readonly string[]): Promise<void> => {
    const help = await helpOf(runFlowify, args);
    pages.set(["flowify", ...args].join(" "), markdownOf(help));
    for (const name of commandsIn(help)) await visit([...args, name]);
  };
  await visit([]);
  return pages;
}
