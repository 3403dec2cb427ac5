import { spawnSync } from "node:child_process";
import { FlowifyError, paperNames, UsageError, zooNames } from "@flowify/core";
import { benchCores } from "./cores.js";
import { type Given, help, readArguments } from "./flags.js";
import { benchLaws } from "./laws.js";
import { type BenchResult, benchNetwork } from "./network.js";
import { benchPosteriors } from "./posteriors.js";
import { benchCommand, print, say } from "./processes.js";
import { benchReasons } from "./reasons.js";
import { benchRegression } from "./regression.js";
import { benchScore, type ScoreResult } from "./score.js";
import { benchSeries } from "./series.js";
import { benchTables } from "./tables.js";

const PAPER = ":paper";
const RECIPE = ":recipe";

/** `fmlp` is short for `mnist/fmlp:paper`; `fmlp:recipe` is the network of the recipe; `quick` and `best` are ours alone. */
function fullName(name: string): string {
  const full = name.includes("/") ? name : `mnist/${name}`;
  if (full.endsWith(RECIPE) && zooNames.includes(full.slice(0, -RECIPE.length)))
    return full.slice(0, -RECIPE.length);
  if (zooNames.includes(full) && !paperNames.includes(`${full}${PAPER}`)) return full;
  const paper = full.endsWith(PAPER) ? full : `${full}${PAPER}`;
  if (paperNames.includes(paper)) return paper;
  throw new UsageError(
    `there is no network "${name}"; expected one of ${zooNames.join(", ")}, for the network of the paper, or with ${RECIPE} after the name`,
  );
}

const describe = (r: BenchResult): string =>
  `${r.network}: ${r.stepPerG.toFixed(2)} g per step ± ${(100 * r.spread).toFixed(1)} % (${r.stepMs.toFixed(1)} ms, g ${r.gMs.toFixed(2)} ms), ` +
  `${(100 * r.fraction).toFixed(0)} % of it is the counted floor; trace + compile ` +
  `${(r.traceMs + r.compileMs).toFixed(0)} ms, peak ${r.peakRssMb.toFixed(0)} MB`;

const describeScore = (r: ScoreResult): string =>
  `${r.network}: log p of ${r.examples} images ${r.scorePerG.toFixed(1)} g (${r.scoreMs.toFixed(0)} ms), ` +
  `as many samples ${r.drawPerG.toFixed(1)} g (${r.drawMs.toFixed(0)} ms), g ${r.gMs.toFixed(2)} ms`;

/** Benchmarks by the flag that asks for them. */
const benchmarks = {
  tables: benchTables,
  laws: benchLaws,
  posteriors: benchPosteriors,
  regression: benchRegression,
  series: async ({ seed }) => benchSeries(seed),
  reasons: async ({ reasons = "", seeds }) => {
    for (let seed = 0; seed < seeds; seed++) await benchReasons(reasons, seed);
  },
  cores: ({ out }) => benchCores(out),
} satisfies { [K in keyof Given]?: (given: Given) => Promise<void> };

async function main(): Promise<number> {
  const given = readArguments();
  for (const [name, run] of Object.entries(benchmarks))
    if (given[name as keyof typeof benchmarks]) {
      await run(given);
      return 0;
    }
  const { names: named, threads, batch, steps, dataDir, json, without } = given;
  if (given.help || (!given.all && named.length === 0)) {
    process.stdout.write(`${help}\n`);
    return given.help ? 0 : 2;
  }
  if (steps < 5) throw new UsageError("--steps must be an integer of at least 5");
  const names = given.all ? paperNames : named;
  const full = names.map(fullName);
  const [only] = full.length === 1 ? full : [];
  if (only !== undefined) {
    const told = (result: object, words: string): void => {
      print(result);
      if (!json) say(words);
    };
    if (given.score) {
      const result = await benchScore(only, { dataDir, threads, without });
      told(result, describeScore(result));
    } else {
      const result = await benchNetwork(only, {
        steps,
        dataDir,
        device: given.device,
        threads,
        without,
        ...(batch !== undefined && { batch, parts: "fastest" as const }),
      });
      told(result, describe(result));
    }
    return 0;
  }
  // a separate process each, so that the peak memory is that of the network
  let failed = 0;
  const common = process.argv.slice(2).filter((arg) => arg !== "--all" && !named.includes(arg));
  for (const name of names) {
    const [command, ...args] = benchCommand([name, ...common]);
    if (spawnSync(command, args, { stdio: "inherit" }).status !== 0) failed++;
  }
  return failed === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  const known =
    error instanceof FlowifyError || (error as { code?: string }).code?.startsWith("ERR_PARSE_ARGS");
  process.stderr.write(`${known ? (error as Error).message : (error as Error).stack}\n`);
  process.exitCode = error instanceof FlowifyError && error.code !== "USAGE" ? 1 : 2;
}
