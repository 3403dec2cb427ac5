import { UsageError } from "@flowify/core";
import { nativeExecutor } from "@flowify/onnx";
import { loweringPasses, ortCpu, type Target } from "jax-to-onnx";
import type { Given } from "./flags.js";
import { matrixProduct, median } from "./matrix-product.js";
import { type Graphs, graphsOf, kinds, open, sameGraphs } from "./pass-graphs.js";
import { type PassResult, passesTables } from "./passes-page.js";
import { print, say } from "./processes.js";

const WARM_UP = 3;
/** Batches of one timed score. */
const SCORED = 4;
const SCORES_OF_STEPS = 1 / 6;

const without = (pass: string): Target => ({ ...ortCpu, without: new Set([pass]) });

type Timed = Awaited<ReturnType<typeof open>>;

/** Milliseconds on the clock, or of the processor. */
type Clock = () => number;
const onTheClock: Clock = () => performance.now();
/** With one thread this is the time of a machine that does nothing else. */
const ofTheProcessor: Clock = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

async function milliseconds(run: () => Promise<unknown>, clock: Clock): Promise<number> {
  const started = clock();
  await run();
  return clock() - started;
}

/**
 * Times of both in turn, the order swapped each round, with a product of g between them. The gain is the median of the
 * ratios of the rounds; half of the spread of the middle half of them says how far it can be trusted.
 */
async function compared(
  whole: Timed,
  part: Timed,
  g: () => Promise<unknown>,
  rounds: number,
  clock: Clock,
): Promise<Pick<PassResult, "withPerG" | "withoutPerG" | "gain" | "spread">> {
  const times = { with: [] as number[], without: [] as number[], g: [] as number[] };
  for (let round = 0; round < WARM_UP + rounds; round++) {
    const both = [
      [times.with, whole],
      [times.without, part],
    ] as const;
    for (const [into, timed] of round % 2 === 0 ? both : both.toReversed()) {
      const product = await milliseconds(g, clock);
      const time = await milliseconds(timed.run, clock);
      if (round < WARM_UP) continue;
      times.g.push(product);
      into.push(time);
    }
  }
  const ratios = times.with.map((time, i) => (times.without[i] as number) / time).sort((a, b) => a - b);
  const quartile = (q: number): number => ratios[Math.floor(q * (ratios.length - 1))] as number;
  const unit = median(times.g);
  return {
    withPerG: median(times.with) / unit,
    withoutPerG: median(times.without) / unit,
    gain: median(ratios) - 1,
    spread: (quartile(0.75) - quartile(0.25)) / 2,
  };
}

const total = (graphs: Graphs, of: "gigaflops" | "megabytes" | "nodes"): number =>
  [...graphs.values()].reduce((sum, graph) => sum + graph[of], 0);

/** The passes that are asked for; all by default. */
function chosen(only: string | undefined): readonly string[] {
  const names = loweringPasses.map(({ name }) => name);
  const asked = only?.split(",") ?? names;
  const unknown = asked.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`there is no pass "${unknown}"; expected some of ${names.join(", ")}`);
  return asked;
}

/**
 * What each pass buys: steps of networks, and a sixth as many scores, with and without it, interleaved in this process. Where
 * the graphs are equal, nothing is timed. With one thread times are those of the processor. Prints a line of JSON for each, and then
 * tables in Markdown.
 */
export async function benchPasses(networks: readonly string[], given: Given): Promise<void> {
  const { only, steps, graphs: graphsOnly } = given;
  const threads = given.threads === undefined ? {} : { threads: given.threads };
  const clock = given.threads === 1 ? ofTheProcessor : onTheClock;
  const names = chosen(only);
  const results: PassResult[] = [];
  const executor = await nativeExecutor(threads);
  const g = await matrixProduct(executor);
  for (const network of networks)
    for (const kind of kinds) {
      const [base, ...others] = await graphsOf(network, kind, [ortCpu, ...names.map(without)]);
      const changes = others.map((graphs) => !sameGraphs(graphs, base as Graphs));
      const rounds = kind === "step" ? steps : Math.max(5, Math.round(steps * SCORES_OF_STEPS));
      const timing = !graphsOnly && changes.includes(true);
      const most = (names.length + 1) * (WARM_UP + rounds);
      const opened = async (own: typeof threads & { target?: Target }) =>
        open(network, kind, await nativeExecutor(own), { steps: most, batches: SCORED });
      const whole = timing ? await opened(threads) : undefined;
      for (const [i, pass] of names.entries()) {
        const [graphs, plain] = [others[i] as Graphs, base as Graphs];
        const sizes = (each: Graphs) => ({
          gigaflops: total(each, "gigaflops"),
          megabytes: total(each, "megabytes"),
          nodes: total(each, "nodes"),
        });
        const result: PassResult = {
          pass,
          network,
          kind,
          changes: changes[i] as boolean,
          with: sizes(plain),
          without: sizes(graphs),
        };
        if (whole && changes[i]) {
          const part = await opened({ ...threads, target: without(pass) });
          Object.assign(result, await compared(whole, part, () => g.time(), rounds, clock));
          await part.dispose();
        }
        results.push(result);
        print(result);
      }
      await whole?.dispose();
    }
  await g.dispose();
  await executor.dispose();
  say(passesTables(results));
}
