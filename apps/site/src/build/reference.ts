import { execFile } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { commandHelp } from "./command-help.js";
import type { Pages } from "./pages.js";
import { repository, workspace } from "./places.js";

const API = `${workspace}dist/api`;

/** What a command is for: its line in the list of commands above it. */
function purposeOf(call: string, helps: ReadonlyMap<string, string>): string {
  const [, above = "", name = ""] = /^(.*) (\S+)$/.exec(call) ?? [];
  const purpose = new RegExp(`^ {2}${name} +(.*)$`, "m").exec(
    helps.get(above)?.split("\nCOMMANDS\n")[1] ?? "",
  );
  if (!purpose?.[1]) throw new Error(`the help of ${above} has no line for ${name}`);
  return purpose[1];
}

/** A page for each command, from its own help. */
async function commandPages(): Promise<Map<string, string>> {
  const helps = await commandHelp();
  const pages = new Map<string, string>();
  const placeOf = (call: string): string => `${call.split(" ").slice(1).join("-") || "index"}.md`;
  for (const [call, help] of helps) {
    const fence = `\`\`\`text\n${help.trimEnd()}\n\`\`\``;
    pages.set(
      `reference/commands/${placeOf(call)}`,
      `# ${call}\n\nThe output of \`${call} --help\`.\n\n${fence}\n`,
    );
  }
  const calls = [...helps.keys()].slice(1);
  const rows = calls.map((call) => `| [\`${call}\`](./${placeOf(call)}) | ${purposeOf(call, helps)} |`);
  const list = `| command | purpose |\n| --- | --- |\n${rows.join("\n")}`;
  const words =
    "Each command by its own help. [The guide to the command](../../commands.md) shows what they print.";
  pages.set("reference/commands/index.md", `# Commands\n\n${words}\n\n${list}\n`);
  return pages;
}

/** Modules by their folders, where their docstrings do not name them. */
const modules: Readonly<Record<string, string>> = {
  "cli/src/tables": "flowify/tables",
  "cli/src": "flowify",
  "jax-to-onnx/src": "jax-to-onnx",
  "onnx/src": "@flowify/onnx",
};
const withNames = (text: string): string =>
  text.replace(/(^# |\[)((?:cli|onnx|jax-to-onnx)\/src(?:\/tables)?)(?=\]|$)/gm, (_, before, folder) => {
    return `${before}${modules[folder] ?? folder}`;
  });

/** The pages of the API, from the docstrings of all packages. */
async function apiPages(): Promise<Map<string, string>> {
  rmSync(API, { recursive: true, force: true });
  const typedoc = join(repository, "node_modules/typedoc/bin/typedoc");
  const args = [typedoc, "--options", join(workspace, "typedoc.json"), "--out", API, "--logLevel", "Error"];
  await promisify(execFile)(process.execPath, args, { cwd: repository });
  const files = readdirSync(API, { recursive: true, encoding: "utf8" }).map((name) =>
    name.replaceAll("\\", "/"),
  );
  return new Map(
    files
      .filter((name) => name.endsWith(".md"))
      .map((name) => [`reference/api/${name}`, withNames(readFileSync(join(API, name), "utf8"))]),
  );
}

/** The pages that are made from code: the commands, and the API. */
export async function referencePages(): Promise<Pages> {
  const [commands, api] = await Promise.all([commandPages(), apiPages()]);
  return new Map([...commands, ...api]);
}
