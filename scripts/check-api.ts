/**
 * The names that each entry of each published package exports, and how many they may be. Prints a line an entry; exits
 * with 1 where there are more, where a name is listed twice or under another name, or where an entry has no limit.
 *
 *     node --import tsx scripts/check-api.ts [ROOT]
 */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import ts from "typescript";

/** The most names that an entry may have. A larger number is a change to be reviewed: see docs/design/api.md. */
const limits: Readonly<Record<string, number>> = {
  "@flowify/core": 60,
  "@flowify/core/layer": 55,
  "@flowify/core/layers": 95,
  "@flowify/core/testing": 25,
  "@flowify/core/internal": 35,
  "jax-to-onnx": 20,
  "jax-to-onnx/internal": 30,
  "@flowify/onnx": 75,
  "@flowify/onnx/browser": 40,
  flowify: 95,
  "flowify/charts": 20,
  "flowify/format": 60,
  "flowify/tables": 40,
  "flowify/tables/browser": 25,
};

const root = resolve(process.argv[2] ?? ".");
const problems: string[] = [];

type Entry = Readonly<{ name: string; source: string }>;

/** The entries that package.json of a folder lists, with the source behind each. */
function entriesIn(folder: string): Entry[] {
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

/** The names that an entry lists, in order. An index file lists; what is declared in it counts as well. */
function namesIn({ source }: Entry): string[] {
  const file = ts.createSourceFile(source, readFileSync(join(root, source), "utf8"), ts.ScriptTarget.ESNext);
  return file.statements.flatMap((statement): string[] => {
    if (!ts.isExportDeclaration(statement) || !statement.exportClause) return [];
    if (!ts.isNamedExports(statement.exportClause)) return [];
    return statement.exportClause.elements.map(({ name, propertyName }) => {
      if (propertyName)
        problems.push(`${source}: ${propertyName.text} is exported as ${name.text}: one name for one idea`);
      return name.text;
    });
  });
}

for (const folder of ["packages/core", "packages/jax-to-onnx", "packages/onnx", "packages/cli"]) {
  const listed = new Map<string, string>();
  for (const entry of entriesIn(folder)) {
    const names = namesIn(entry);
    const limit = limits[entry.name];
    console.log(`${entry.name}: ${names.length} names, at most ${limit ?? "?"}`);
    if (limit === undefined) problems.push(`${entry.name}: has no limit in scripts/check-api.ts`);
    else if (names.length > limit)
      problems.push(
        `${entry.name}: ${names.length} names, at most ${limit}: move what few need to another entry`,
      );
    for (const name of names) {
      const first = listed.get(name);
      // what pages load is listed once more, for it is another build of the same package
      const again = first === entry.name || folder === "packages/core";
      if (first && again) problems.push(`${entry.source}: ${name} is listed by ${first} already`);
      listed.set(name, first ?? entry.name);
    }
  }
}
for (const problem of problems) console.log(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
