import { join } from "node:path";
import { atMost, type Row } from "./check.js";
import { type Launcher, run } from "./scale-job.js";

/** How far the likelihoods after an epoch may be apart, in bits per dimension. */
const CLOSE = 0.01;

/** An epoch of fmlp on all digits by one process and by two ranks: the likelihoods of the test images. */
export async function epoch(
  launcher: Launcher,
  { scratch, say }: { scratch: string; say: (text: string) => void },
): Promise<{ [what: string]: Row }> {
  const words = "train --data mnist --network fmlp --epochs 1 --seed 7 --threads 1 --pictures none --json";
  const trained = async (ranks: 1 | 2): Promise<number> => {
    say(`an epoch of fmlp, ${ranks} at a time`);
    const out = ["--out", join(scratch, `epoch-${ranks}`)];
    const { output } = await run(ranks === 1 ? undefined : launcher, ranks, [...words.split(" "), ...out]);
    return Number(/"bpd":([\d.]+)/.exec(output)?.[1]);
  };
  const [one, two] = [await trained(1), await trained(2)];
  return {
    [`${launcher.name}, an epoch of fmlp: bits per dimension of 2 ranks (${two}) from those of one process (${one})`]:
      atMost(Math.abs(one - two), CLOSE, (value) => value.toFixed(4)),
  };
}
