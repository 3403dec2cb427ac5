import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { published } from "../imports/rules.js";
import { entriesIn } from "../imports/workspaces.js";

/** How many names each entry of the published packages lists, and names that are listed twice, or under another name. */
export function exportedNames(root: string): { counts: ReadonlyMap<string, number>; wrong: string[] } {
  const counts = new Map<string, number>();
  const wrong: string[] = [];
  for (const folder of published) {
    const listed = new Map<string, string>();
    for (const { name: entry, source } of entriesIn(root, folder)) {
      const text = readFileSync(join(root, source), "utf8");
      const names = ts
        .createSourceFile(source, text, ts.ScriptTarget.ESNext)
        .statements.filter(ts.isExportDeclaration)
        .flatMap(({ exportClause }) =>
          exportClause && ts.isNamedExports(exportClause) ? [...exportClause.elements] : [],
        );
      counts.set(entry, names.length);
      for (const { name, propertyName } of names) {
        const first = listed.get(name.text);
        if (propertyName) wrong.push(`${source}: ${propertyName.text} is exported as ${name.text}`);
        // what pages load is listed once more, for it is another build of the same package
        if (first === entry || (first && folder === "packages/core"))
          wrong.push(`${source}: ${name.text} is listed by ${first} already`);
        listed.set(name.text, first ?? entry);
      }
    }
  }
  return { counts, wrong };
}
