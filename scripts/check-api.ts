/**
 * The names that each entry of each published package exports, and how many they may be. Prints a line an entry; exits
 * with 1 where there are more, where a name is listed twice or under another name, or where an entry has no limit.
 *
 *     node --import tsx scripts/check-api.ts [ROOT]
 */
import { resolve } from "node:path";
import { published } from "./imports/rules.js";
import { entriesIn } from "./imports/workspaces.js";
import { namesIn } from "./size/entries.js";

/** The most names that an entry may have. A larger number is a change to be reviewed: see docs/design/api.md. */
const limits: Readonly<Record<string, number>> = {
  "@flowify/core": 51,
  "@flowify/core/layer": 37,
  "@flowify/core/layers": 50,
  "@flowify/core/testing": 3,
  "@flowify/core/internal": 47,
  "jax-to-onnx": 9,
  "jax-to-onnx/internal": 23,
  "@flowify/onnx": 30,
  "@flowify/onnx/browser": 17,
  "@flowify/compress": 5,
  "@flowify/guard": 6,
  flowify: 22,
  "flowify/charts": 3,
  "flowify/format": 14,
  "flowify/posterior": 9,
  "flowify/posterior/browser": 2,
  "flowify/regression": 4,
  "flowify/tables": 7,
  "flowify/tables/browser": 21,
};

const root = resolve(process.argv[2] ?? ".");
const problems: string[] = [];

for (const folder of published) {
  const listed = new Map<string, string>();
  for (const entry of entriesIn(root, folder)) {
    const names = namesIn(root, entry, (own, exported) =>
      problems.push(`${entry.source}: ${own} is exported as ${exported}: one name for one idea`),
    );
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
