/**
 * Measures the size of the house: lines, files, folders, names, and holes in types. Prints a table; exits with 1 where a
 * figure is above its ceiling, the least that it has been (scripts/size/ceilings.json). Ceilings only go down, to the goals.
 *
 *     node --import tsx scripts/check-size.ts [ROOT]
 *     node --import tsx scripts/check-size.ts --write     lowers the ceilings to the figures of today
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Measure, measureHouse } from "./size/measures.js";

const args = process.argv.slice(2);
const root = resolve(args.find((arg) => !arg.startsWith("--")) ?? ".");
const path = join(root, "scripts/size/ceilings.json");
const ceilings: Readonly<Record<string, number>> = existsSync(path)
  ? (JSON.parse(readFileSync(path, "utf8")) as Record<string, number>)
  : {};

/** What a figure may be: its goal, or until it is reached the least that it has been. */
const ceilingOf = ({ name, goal }: Measure): number => Math.max(goal, ceilings[name] ?? goal);

const measures = measureHouse(root);
const width = Math.max(...measures.map(({ name }) => name.length));
console.log(`${"".padEnd(width)}  today ceiling   goal`);
for (const measure of measures) {
  const { name, figure, goal, where } = measure;
  const cells = [figure, ceilingOf(measure), goal].map((value) => String(value).padStart(7));
  console.log(`${name.padEnd(width)}${cells.join("")}`);
  if (figure <= ceilingOf(measure)) continue;
  process.exitCode = 1;
  for (const place of where ?? []) console.log(`  ${place}`);
}
if (args.includes("--write")) {
  const lowered = measures.map((measure) => {
    const before = ceilings[measure.name] ?? Number.POSITIVE_INFINITY;
    return [measure.name, Math.max(measure.goal, Math.min(before, measure.figure))];
  });
  writeFileSync(path, `${JSON.stringify(Object.fromEntries(lowered), null, 2)}\n`);
  process.exitCode = 0;
} else if (process.exitCode === 1)
  console.log("more than before: make it smaller, or say in a review why the ceiling has to rise");
