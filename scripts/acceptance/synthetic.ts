import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { atLeast, atMost, type Check, fixed, type Row } from "./check.js";
import { flowify, flowifyJson } from "./node.js";

/** Tables of the package `vega-datasets` of npm, in its version 3.2.1. */
const TABLES = ["penguins.json", "cars.json", "movies.json", "seattle-weather.csv", "birdstrikes.csv"];
const PACKAGE = "vega-datasets@3.2.1";

/** Least scores of sampled rows, and most seconds of training and judging. */
const LIMITS = { detection: 0.54, trends: 0.97, seconds: 300 } as const;

type Scores<K extends string> = Record<K, { score: number }>;
type Judged = {
  synthetic: {
    trends: Scores<"samples" | "heldOut" | "redrawn">;
    detection: Scores<"samples" | "heldOut">;
  };
};

/** Sampled rows of five public tables of categories and numbers, judged beside held-out rows. */
export const synthetic: Check = {
  name: "synthetic",
  needs: [],
  slow: true,
  async run({ scratch, file = "", say }) {
    const rows: { [what: string]: Row } = {};
    execFileSync("npm", ["pack", PACKAGE, "--silent", "--pack-destination", scratch]);
    execFileSync("tar", ["xzf", join(scratch, `${PACKAGE.replace("@", "-")}.tgz`), "-C", scratch]);
    for (const table of TABLES.filter((name) => name.includes(file))) {
      const source = join(scratch, "package/data", table);
      const data = source.replace(/json$/, "jsonl");
      if (!existsSync(data)) {
        const all = JSON.parse(readFileSync(source, "utf8")) as object[];
        writeFileSync(data, all.map((row) => `${JSON.stringify(row)}\n`).join(""));
      }
      const run = join(scratch, table);
      const began = performance.now();
      await flowify(["train", "--data", data, "--out", run, "--pictures", "none", "--quiet"]);
      const { trends, detection } = (await flowifyJson<Judged>(["evaluate", run, "--synthetic"])).synthetic;
      const seconds = (performance.now() - began) / 1000;
      say(
        `${table}: held-out rows ${trends.heldOut.score.toFixed(3)}, ${detection.heldOut.score.toFixed(3)}; training rows again ${trends.redrawn.score.toFixed(3)}`,
      );
      rows[`${table}, trends of pairs`] = atLeast(trends.samples.score, LIMITS.trends, fixed(3));
      rows[`${table}, detection`] = atLeast(detection.samples.score, LIMITS.detection, fixed(3));
      rows[`${table}, seconds`] = atMost(seconds, LIMITS.seconds, fixed(0));
    }
    return rows;
  },
};
