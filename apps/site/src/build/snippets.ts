import * as core from "@flowify/core";
import type { Plugin } from "vite";

/** An example of a page that runs in a browser: its name, and its code there. */
export type Snippet = Readonly<{ name: string; code: string }>;

/** Packages of examples that run in browsers as they are. */
const browserPackages =
  /^(@flowify\/core(\/layers?|\/testing)?|@flowify\/compress|jax-to-onnx|@jax-js\/jax)$/;
const EXAMPLE = /^```ts run\n([\s\S]*?)^```[ \t]*$/gm;
/** An example, and what it prints in the tests. */
const WITH_OUTPUT = /^```ts run\n[\s\S]*?^```[ \t]*$(\n+^```text\n[\s\S]*?^```[ \t]*$)?/gm;

/** The code of an example for a browser; undefined if it needs Node. The names of core are those of `flowify` too. */
function forBrowsers(code: string): string | undefined {
  for (const [, names = "", from = ""] of code.matchAll(/^import (.*?) from "([^"]*)";$/gms)) {
    if (browserPackages.test(from)) continue;
    if (from !== "flowify") return undefined;
    const values = names
      .replaceAll(/[{}\s]/g, "")
      .split(",")
      .filter((name) => name && !name.startsWith("type"));
    if (!values.every((name) => name in core)) return undefined;
  }
  return code.replaceAll('from "flowify"', 'from "@flowify/core"');
}

/** The examples of a page that run in a browser. Names hold the place of the page, and count. */
export const snippetsOf = (place: string, text: string): Snippet[] =>
  [...text.matchAll(EXAMPLE)].flatMap(([, code = ""], i) => {
    const runs = forBrowsers(code);
    return runs === undefined ? [] : [{ name: `${place.replace(/\.md$/, "")}-${i + 1}`, code: runs }];
  });

/** A page with a frame around each example that runs in a browser. */
export function withRunners(place: string, text: string): string {
  const names = new Map(snippetsOf(place, text).map(({ name, code }) => [code, name]));
  return text.replace(WITH_OUTPUT, (whole) => {
    const code = new RegExp(EXAMPLE.source, "m").exec(whole)?.[1] ?? "";
    const name = names.get(forBrowsers(code) ?? "");
    return name === undefined ? whole : `<LiveCode name="${name}">\n\n${whole}\n\n</LiveCode>`;
  });
}

const LIST = "virtual:snippets";

/** Gives the worker the examples as modules, each loaded when it runs. */
export const snippetModules = (snippets: readonly Snippet[]): Plugin => ({
  name: "snippets",
  resolveId: (id) => (id.startsWith(LIST) ? `\0${id}` : undefined),
  load(id) {
    if (id === `\0${LIST}`) {
      const entries = snippets.map(
        ({ name }) => `${JSON.stringify(name)}: () => import("${LIST}/${name}.ts")`,
      );
      return `export const snippets = { ${entries.join(", ")} };`;
    }
    const found = snippets.find(({ name }) => id === `\0${LIST}/${name}.ts`);
    return found && { code: found.code, moduleType: "ts" };
  },
});
