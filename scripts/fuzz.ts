/**
 * Reads mutated files of every kind that flowify reads (images, networks, runs, checkpoints), and reports harmful ones;
 * exit status 1 if there are any, or if it took more than 1 GiB. Harmful files are kept. Or lowers random programs, and
 * reports every entry of a result that is not the one of jax-js.
 *
 *     npm run fuzz                               a minute of files, with a random seed, which is printed
 *     npm run fuzz -- --seconds 600 --seed 7
 *     npm run fuzz -- --only tables              tables: CSV, JSON lines, Parquet and the like
 *     npm run fuzz -- --only compressed          files of flowify compress, half of them with a valid checksum
 *     npm run fuzz -- --only lowering            programs; --case N begins with this one
 */
import { randomInt } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fuzzPrograms } from "../test/fuzz/programs.js";
import { type Only, readMutated, sorts } from "../test/fuzz/read-mutated.js";

const MOST_MIB = 1024;

const { values } = parseArgs({
  options: {
    seconds: { type: "string" },
    seed: { type: "string" },
    only: { type: "string" },
    case: { type: "string" },
  },
});
const { seconds = "60", seed = String(randomInt(2 ** 32)), only = "files" } = values;
const until = performance.now() + 1000 * Number(seconds);
const enough = (): boolean => performance.now() > until;

async function fuzzFiles(): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), "flowify-fuzz-"));
  console.log(`seed ${seed}, ${seconds} s, in ${folder}`);
  const { files, read, harmful, slowestMs } = await readMutated(
    folder,
    Number(seed),
    enough,
    sorts.find((name): name is Only => name === only),
  );
  for (const each of harmful) console.log(each);
  const mib = process.resourceUsage().maxRSS / 1024;
  console.log(
    `${files} files, ${read} still read, ${harmful.length} harmful; slowest ${slowestMs.toFixed(0)} ms, ${mib.toFixed(0)} MiB peak memory`,
  );
  return harmful.length > 0 || mib > MOST_MIB;
}

async function reportPrograms(): Promise<boolean> {
  console.log(`seed ${seed}, ${seconds} s`);
  const found = await fuzzPrograms(Number(seed), enough, Number(values.case ?? 0));
  for (const each of found.wrong) console.log(each);
  for (const [name, times] of [...found.acted].sort(([, a], [, b]) => a - b))
    console.log(`${name}: ${times}`);
  console.log(
    `${found.cases} programs, ${found.runs} runs, ${found.elsewhere} programs on two threads, ${found.wrong.length} wrong; the largest array has ${found.largest} elements`,
  );
  return found.wrong.length > 0;
}

process.exitCode = (only === "lowering" ? await reportPrograms() : await fuzzFiles()) ? 1 : 0;
