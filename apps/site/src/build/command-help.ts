/** What every command of `flowify` prints for `--help`. */

type Run = (args: readonly string[], host: object) => Promise<number>;

// the package is a program and does not export the command, so this imports its sources
const app = new URL("../../../../packages/cli/src/app.ts", import.meta.url);

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

/** The help of each command by its call, such as `flowify data get`; that of `flowify` first. */
export async function commandHelp(): Promise<ReadonlyMap<string, string>> {
  const { runFlowify } = (await import(app.href)) as { runFlowify: Run };
  const pages = new Map<string, string>();
  const visit = async (args: readonly string[]): Promise<void> => {
    const help = await helpOf(runFlowify, args);
    pages.set(["flowify", ...args].join(" "), help);
    for (const name of commandsIn(help)) await visit([...args, name]);
  };
  await visit([]);
  return pages;
}
