import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/** An entry of a package by the name that it is imported by, and its source. */
export type Entry = Readonly<{ name: string; source: string }>;

/** The entries that package.json of a folder lists, with the source behind each. */
export function entriesIn(root: string, folder: string): Entry[] {
  const manifest = join(root, folder, "package.json");
  if (!existsSync(manifest)) return [];
  const { name, exports = {} } = JSON.parse(readFileSync(manifest, "utf8")) as {
    name: string;
    exports?: Record<string, { "@flowify/source"?: string }>;
  };
  return Object.entries(exports).flatMap(([entry, { "@flowify/source": source }]) =>
    source ? [{ name: join(name, entry), source: join(folder, source) }] : [],
  );
}

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
