import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import type { Entry } from "../imports/workspaces.js";

/**
 * The names that an entry lists, in order. An index file lists; what is declared in it counts as well.
 *
 * @param onRenamed called with a name that is exported under another one
 */
export function namesIn(
  root: string,
  { source }: Entry,
  onRenamed: (own: string, exported: string) => void = () => {},
): string[] {
  const file = ts.createSourceFile(source, readFileSync(join(root, source), "utf8"), ts.ScriptTarget.ESNext);
  return file.statements.flatMap((statement): string[] => {
    if (!ts.isExportDeclaration(statement) || !statement.exportClause) return [];
    if (!ts.isNamedExports(statement.exportClause)) return [];
    return statement.exportClause.elements.map(({ name, propertyName }) => {
      if (propertyName) onRenamed(propertyName.text, name.text);
      return name.text;
    });
  });
}
