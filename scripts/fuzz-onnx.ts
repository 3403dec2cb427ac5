/** Converts mutated files in this process and prints the time and memory: node … scripts/fuzz-onnx.ts DIR COUNT SEED. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { convertMutated } from "./acceptance/mutated-files.js";

const [dir = ".", count, seed] = process.argv.slice(2);
const files = readdirSync(dir)
  .filter((name) => name.endsWith(".onnx"))
  .map((name) => new Uint8Array(readFileSync(join(dir, name))));
const result = convertMutated(files, Number(count), Number(seed));
console.log(JSON.stringify({ ...result, peakKiB: process.resourceUsage().maxRSS }));
