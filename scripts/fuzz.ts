/**
 * Reads mutated files of every kind that flowify reads (images, networks, runs, checkpoints), and reports harmful ones;
 * exit status 1 if there are any, or if it took more than 1 GiB. Harmful files are kept.
 *
 *     npm run fuzz                               a minute, with a random seed, which is printed
 *     npm run fuzz -- --seconds 600 --seed 7
 */
import { randomInt } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readMutated } from "../test/fuzz/read-mutated.js";

const MOST_MIB = 1024;

const { values } = parseArgs({ options: { seconds: { type: "string" }, seed: { type: "string" } } });
const { seconds = "60", seed = String(randomInt(2 ** 32)) } = values;
const folder = mkdtempSync(join(tmpdir(), "flowify-fuzz-"));
const until = performance.now() + 1000 * Number(seconds);

console.log(`seed ${seed}, ${seconds} s, in ${folder}`);
const { files, read, harmful, slowestMs } = await readMutated(
  folder,
  Number(seed),
  () => performance.now() > until,
);
for (const each of harmful) console.log(each);
const mib = process.resourceUsage().maxRSS / 1024;
console.log(
  `${files} files, ${read} still read, ${harmful.length} harmful; slowest ${slowestMs.toFixed(0)} ms, ${mib.toFixed(0)} MiB peak memory`,
);
process.exitCode = harmful.length > 0 || mib > MOST_MIB ? 1 : 0;
