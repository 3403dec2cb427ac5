/**
 * The checks of CI. Every check runs, even if others fail; each prints one line, and its output only on failure. The
 * last line holds the totals: the tests, plus one for each check.
 *
 *     npm test                  everything but the long tests
 *     npm run test:long         the tests with the tag "long": more cases of what others test too
 *     npm test -- lint types    only the checks with these names
 *     npm test -- layers/       only the tests with this word in their file name, filtered by vitest
 */
import { chromiumPath } from "@flowify/playground/chromium";
import { runToEnd } from "./processes.js";

type Totals = { passed: number; failed: number };
/** `prints`: its output is of interest where nothing fails as well. */
type Check = Readonly<{ name: string; commands: readonly string[]; prints?: boolean }>;

const typeScript = "node --interrupt-budget=1000000 --conditions=@flowify/source --import tsx";
const checker = "node node_modules/typescript-7/bin/tsc";
const checks: readonly Check[] = [
  { name: "snippets", commands: [`${typeScript} scripts/readme-snippets.ts`] },
  {
    name: "api",
    commands: [`${typeScript} scripts/docstring-examples.ts`, "typedoc --emit none --logLevel Warn"],
    prints: true,
  },
  {
    name: "lint",
    commands: [
      "biome check --formatter-enabled=false --error-on-warnings",
      "oxlint --type-aware --deny-warnings",
    ],
  },
  // with declarations: types that a package cannot name end its build. TypeScript 7 has no API yet, so others need 6 too
  { name: "types", commands: [`${checker} -p . --declaration`, `${checker} -p packages/core`] },
  { name: "unused", commands: ["knip --no-progress --treat-config-hints-as-errors"] },
  { name: "imports", commands: [`${typeScript} scripts/check-imports.ts`] },
  { name: "size", commands: [`${typeScript} scripts/check-size.ts`], prints: true },
  { name: "prose", commands: [`${typeScript} scripts/check-prose.ts`] },
  { name: "format", commands: ["biome format"] },
];

/** The exit status of a command of the repository, whose texts are passed on as they come. */
const run = async (command: string, onText: (text: string) => void): Promise<number> =>
  (await runToEnd([command], { shell: true, onOutput: onText, onError: onText })).status ?? 1;

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

async function runCheck({ name, commands, prints = false }: Check): Promise<Totals> {
  const start = performance.now();
  let output = "";
  let failed = false;
  for (const command of commands) {
    let text = "";
    const status = await run(command, (piece) => {
      text += piece;
    });
    if (status !== 0) failed = true;
    if (status !== 0) output += `$ ${command}\n${text}`;
    else if (prints) output += text;
  }
  console.log(`${failed ? "FAIL" : "ok"}  ${name} (${seconds(start)})`);
  if (output) console.log(output.trimEnd());
  return failed ? { passed: 0, failed: 1 } : { passed: 1, failed: 0 };
}

/** Runs vitest. Holds back its totals line, because the last line is the sum of everything. */
async function runTests(filters: readonly string[]): Promise<Totals> {
  const start = performance.now();
  const totalsLine = /^(\d+) passed, (\d+) failed\r?$/;
  let totals: Totals | undefined;
  let rest = "";
  const pass = (line: string): void => {
    const match = totalsLine.exec(line);
    if (match) totals = { passed: Number(match[1]), failed: Number(match[2]) };
    else console.log(line);
  };
  const quoted = filters.map((filter) => `'${filter.replaceAll("'", "'\\''")}'`);
  const tags = `--tags-filter='${long ? "long" : "!long"}'`;
  const status = await run(["vitest run", tags, ...quoted].join(" "), (piece) => {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(pass);
  });
  if (rest) pass(rest);
  const result = totals ?? { passed: 0, failed: 1 };
  // A run that was aborted, or found no tests, is a failure whatever its counts.
  if (status !== 0 && result.failed === 0) result.failed = 1;
  console.log(`${result.failed > 0 ? "FAIL" : "ok"}  tests (${seconds(start)})`);
  return result;
}

const long = process.argv.includes("--long");
const words = process.argv.slice(2).filter((word) => word !== "--long");
const chosen = checks.filter((check) => words.includes(check.name));
const filters = words.filter((word) => word !== "tests" && !checks.some((check) => check.name === word));

const totals: Totals = { passed: 0, failed: 0 };
const add = ({ passed, failed }: Totals): void => {
  totals.passed += passed;
  totals.failed += failed;
};
const queue = words.length === 0 && !long ? [...checks] : chosen;
async function runChecks(): Promise<void> {
  for (let check = queue.shift(); check; check = queue.shift()) add(await runCheck(check));
}
const withTests = words.length === 0 || words.includes("tests") || filters.length > 0;
/** Most checks compute on one core: two at a time, beside the tests as well, whose pages and processes wait now and then. */
await Promise.all([runChecks(), runChecks(), withTests && runTests(filters).then(add)]);
if (!chromiumPath())
  console.log(
    "not run: the tests of apps/playground, because Chromium is missing (set the variable CHROMIUM)",
  );
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed > 0 ? 1 : 0;
