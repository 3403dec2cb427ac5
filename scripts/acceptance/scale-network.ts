import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { atMost, equal, type Row } from "./check.js";
import { LIMIT_S, SLACK_S, type Trial, trains } from "./scale-faults.js";
import { makeHosts, noHosts } from "./scale-hosts.js";
import { run, start } from "./scale-job.js";
import { sameCheckpoint } from "./scale-runs.js";

type Rows = { [what: string]: Row };

/** Ranks of which the step is modelled and measured. */
const RANKS = [2, 4] as const;
const NETWORK = "fmlp";
/** How far the modelled step may be from the measured one. */
const CLOSE = 0.15;
/** Gigabytes a second of a link. */
const LINK = 0.125;

const DROP_S = 10;

type Plan = Readonly<{
  planned: readonly { ranks: number; computeMs: number; sumsMs: number }[];
  crowding: number;
  sums: readonly { bytes: number; ms: number }[];
  links: { alphaMs: number; betaMs: number };
  here: { stepMs: number; modelledMs: number };
}>;

/**
 * Ranks on hosts with a slow network between them (network namespaces): the modelled step against the measured one, and a
 * network that is down for ten seconds.
 */
export async function network({ launcher: base, train, whole, steps, scratch, say }: Trial): Promise<Rows> {
  const rows: Rows = {};
  const missing = noHosts();
  if (missing !== undefined) {
    return { [`${base.name}, several hosts`]: { figure: `not run: ${missing}`, limit: "", verdict: "open" } };
  }
  const hosts = makeHosts(Math.max(...RANKS), scratch);
  const links = hosts.delayed ? "1 Gbit/s and 1 ms" : "1 Gbit/s";
  if (!hosts.delayed) {
    const figure = "not run: the kernel has no netem";
    rows[`${base.name}, links with a delay of 1 ms`] = { figure, limit: "", verdict: "open" };
  }
  try {
    for (const ranks of RANKS) {
      say(`${ranks} hosts, ${links}`);
      const plan = ["devices", "--plan", String(ranks), "--network", NETWORK, "--threads", "1", "--json"];
      const { output } = await run(hosts.launcher(base, ranks), ranks, plan);
      const json = output.split("\n").find((line) => line.startsWith("{")) ?? "";
      const { here, links: fitted, planned, crowding, sums } = JSON.parse(json) as Plan;
      const { computeMs, sumsMs } = planned.find((each) => each.ranks === ranks) as Plan["planned"][number];
      say(
        `${computeMs.toFixed(0)} ms computed, ${sumsMs.toFixed(0)} ms of sums, crowding ${crowding.toFixed(2)}; measured ${sums.map(({ bytes, ms }) => `2 × ${(1e-6 * bytes).toFixed(2)} MB in ${ms.toFixed(0)} ms`).join(", ")}`,
      );
      const what = `${base.name}, ${ranks} hosts, ${links}, ${NETWORK}`;
      const { modelledMs, stepMs } = here;
      rows[
        `${what}: modelled step (${modelledMs.toFixed(0)} ms) against measured (${stepMs.toFixed(0)} ms)`
      ] = atMost(Math.abs(modelledMs / stepMs - 1), CLOSE, (value) => value.toFixed(3));
      rows[`${what}: gigabytes a second of a link`] = atMost(1e-6 / fitted.betaMs, LINK, (value) =>
        value.toFixed(3),
      );
    }
    const launcher = hosts.launcher(base, 2);
    for (const [limit, name] of [
      [30, "shorter than --rank-timeout"],
      [LIMIT_S, "longer than --rank-timeout"],
    ] as const) {
      say(`the network is down for ${DROP_S} s, ${name}`);
      const folder = join(scratch, `dropped-${limit}`);
      const job = start(launcher, 2, [...train, "--rank-timeout", String(limit), "--out", folder]);
      await trains(folder, 0, job.end);
      hosts.plug(1, false);
      const began = performance.now();
      await wait(1000 * DROP_S);
      hosts.plug(1, true);
      const { status, output } = await job.end;
      const what = `${base.name}, network down for ${DROP_S} s, ${name}`;
      if (limit > DROP_S) rows[`${what}: exit status`] = equal(String(status), "0");
      else {
        const message = new RegExp(`rank \\d \\(.*\\) has not answered for ${limit} s`);
        rows[`${what}: a rank is named`] = equal(String(message.test(output)), "true");
        rows[`${what}: seconds to the end of the job`] = atMost(
          (performance.now() - began) / 1000,
          DROP_S + LIMIT_S + SLACK_S,
          (seconds) => seconds.toFixed(1),
        );
        await run(launcher, 2, ["train", "--resume", folder]);
      }
      rows[`${what}: last checkpoint, bit for bit`] = equal(
        String(sameCheckpoint(folder, whole, steps)),
        "true",
      );
    }
  } finally {
    hosts.remove();
  }
  return rows;
}
