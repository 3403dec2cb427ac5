import { join } from "node:path";
import type { Row } from "./check.js";
import { type Launcher, run } from "./scale-job.js";
import { stepsOf } from "./scale-runs.js";

const STEPS = 160;
/** The first steps are slower: memory is new. */
const WARM = 20;
const ROUNDS = 5;
const LEAST = 0.9;

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Two ranks with one thread each against one process with two threads, alternately: the median of the rounds' ratios. */
export async function speed(
  launcher: Launcher,
  networks: readonly string[],
  { scratch, say }: { scratch: string; say: (text: string) => void },
): Promise<{ [what: string]: Row }> {
  const rows: { [what: string]: Row } = {};
  const short = [
    "--steps",
    String(STEPS),
    "--pictures",
    "none",
    "--evaluate-every",
    "1000",
    "--json",
    "--force",
  ];
  for (const network of networks) {
    const ratios: number[] = [];
    let hidden = Number.POSITIVE_INFINITY;
    for (let round = 0; round < ROUNDS; round++) {
      const rates = { one: 0, two: 0 };
      for (const which of ["one", "two"] as const) {
        const out = join(scratch, `speed-${which}`);
        const threads = which === "one" ? "2" : "1";
        const args = ["train", "--data", "mnist", "--network", network, "--limit", "6400", ...short];
        const { output } = await run(which === "one" ? undefined : launcher, 2, [
          ...args,
          "--threads",
          threads,
          "--out",
          out,
        ]);
        const rate = median(
          stepsOf(out)
            .slice(WARM)
            .map(({ imagesPerSecond = 0 }) => imagesPerSecond),
        );
        rates[which] = rate;
        const wait = /"waitOfStepMs":([\d.]+)/.exec(output)?.[1];
        if (wait !== undefined) hidden = Math.min(hidden, Number(wait));
        say(`${network}, ${which === "one" ? "one process" : "two ranks"}: ${rate.toFixed(0)} images/s`);
      }
      ratios.push(rates.two / rates.one);
    }
    const ratio = median(ratios);
    rows[`${launcher.name}, ${network}: speed of two ranks to that of one process with both cores`] = {
      figure: `${ratio.toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}; ${hidden.toFixed(1)} ms of a step waiting for sums)`,
      limit: `≥ ${LEAST}`,
      verdict: ratio >= LEAST ? "ok" : "FAILED",
    };
  }
  return rows;
}
