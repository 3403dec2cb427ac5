import { DType, defaultDevice, init } from "@jax-js/jax";
import { passes } from "../../src/passes.js";
import { ortCpu, portable, strict, type Target } from "../../src/target.js";
import { aggressive } from "../aggressive.js";
import { runJax } from "../compare.js";
import { HostArray } from "../host-array.js";
import { runLowered } from "../run-lowered.js";
import { aimed } from "./aimed.js";
import { type Case, kinds } from "./cases.js";
import { Draw } from "./draw.js";
import { firstWrong } from "./judge.js";

export type LoweringFuzz = Readonly<{
  cases: number;
  runs: number;
  /** Programs that also ran elsewhere. */
  elsewhere: number;
  /** A line for each wrong result: the number of the case, the target and the entry. */
  wrong: readonly string[];
  /** How often each pass acted. */
  acted: ReadonlyMap<string, number>;
  largest: number;
}>;

/** Error of the functions of ONNX Runtime, exp, sin and others, of numbers near 1, after a few more operations. */
const FUNCTIONS = 2 ** -21;
/** Error of minimal filtering, in parts of the largest number (docs/semantics.md). */
const FILTERING = 2 ** -20;
const hasFunctions = new Set(["operations", "gradient", "written", "aimed"]);

/** Small programs that many passes act on: as often as all others together. */
const AIMED = kinds.map(() => aimed);

/** Another way to run a program, for example on two threads at the same time: all results of each run. */
export type Elsewhere = Readonly<{ name: string; run(each: Case): Promise<readonly HostArray[][]> }>;

/** Share of the programs that also run elsewhere. */
const ELSEWHERE = 0.25;

const names = passes.map(({ name }) => name);
const only = (name: string): Target => ({
  ...aggressive,
  name: `only ${name}`,
  without: new Set(names.filter((other) => other !== name)),
});
const but = (name: string): Target => ({ ...aggressive, name: `all but ${name}`, without: new Set([name]) });
const none: Target = { ...aggressive, name: "no pass", without: new Set(names) };

/** The semantics of jax-js at every size. */
const strictAtEverySize: Target = { ...aggressive, name: "aggressive, strict", semantics: strict.semantics };

/** Targets of a case: the usual ones, and one pass alone and left out. */
function targetsOf(draw: Draw, { name, special = false, meeting = false }: Case): Target[] {
  if (special) return [strict, strictAtEverySize];
  if (meeting) return [ortCpu, portable];
  return [
    ortCpu,
    strict,
    name !== "aimed" && draw.chance(0.5) ? portable : aggressive,
    none,
    only(draw.pick(names)),
    but(draw.pick(names)),
  ];
}

const largestOf = ({ data }: HostArray): number =>
  (data as Float64Array).reduce((most, value) => Math.max(most, Math.abs(Number(value))), 0);

const double = ({ data, shape, dtype }: HostArray, change: (x: number, i: number) => number): HostArray =>
  dtype === DType.Float32
    ? new HostArray(Float64Array.from(data as Float32Array, change), shape, DType.Float64)
    : new HostArray(data, shape, dtype);

/**
 * Lowers random programs for several targets, runs them in ONNX Runtime, and compares every entry with jax-js, until
 * `enough` says so. `first` is the number of the first case; a quarter of the cases run in `elsewhere` as well.
 */
export async function fuzzLowering(
  seed: number,
  enough: (cases: number) => boolean,
  { first = 0, elsewhere }: { first?: number; elsewhere?: Elsewhere } = {},
): Promise<LoweringFuzz> {
  await init("wasm");
  const before = defaultDevice();
  const wrong: string[] = [];
  const acted = new Map<string, number>();
  let [cases, runs, others, largest] = [0, 0, 0, 0];
  for (; !enough(cases); cases++) {
    const number = first + cases;
    const draw = new Draw(seed * 1_000_003 + number);
    const each = draw.pick([...kinds, ...AIMED])(draw);
    const same = runJax(each.f, each.inputs, each.special ? "wasm" : "cpu");
    const exact = runJax(
      each.f,
      each.inputs.map((x) => double(x, (v) => v)),
    );
    const changed = [0, 1].map((k) => {
      const noise = new Draw(number + k);
      const nudged = each.inputs.map((x) => double(x, (v) => v * (1 + 2 ** -23 * (2 * noise.uniform() - 1))));
      return runJax(each.f, nudged);
    });
    const problemOf = (results: readonly HostArray[], filters: boolean): string | undefined => {
      const found = results.map((got, i) => {
        const evidence = changed.map((others) => others[i] as HostArray);
        const want = exact[i] as HostArray;
        const text = firstWrong(
          { got, same: same[i] as HostArray, exact: want, changed: evidence },
          each.itemwise ? 4096 : 128,
          Math.max(
            hasFunctions.has(each.name) ? FUNCTIONS : 0,
            each.itemwise && filters ? FILTERING * largestOf(want) : 0,
          ),
        );
        return text && `result ${i}, ${text}`;
      });
      return found.find((text) => text !== undefined);
    };
    const judge = async (where: string, run: () => Promise<string | undefined>): Promise<void> => {
      const problem = await run().catch((error: unknown) => String(error));
      runs++;
      if (problem !== undefined) wrong.push(`case ${number} (${each.name}), ${where}: ${problem}`);
    };
    for (const target of targetsOf(draw, each))
      for (const threads of each.meeting ? [1, 2, 4] : [1])
        await judge(`${target.name}, ${threads} threads`, async () => {
          const ran = await runLowered(each, target, threads);
          for (const [name, times] of ran.acted) acted.set(name, (acted.get(name) ?? 0) + times);
          largest = Math.max(largest, ran.largest);
          return problemOf(ran.results, target.semantics.minimalFiltering);
        });
    if (elsewhere && !each.special && draw.chance(ELSEWHERE))
      await judge(elsewhere.name, async () => {
        const found = await elsewhere.run(each);
        others++;
        return found.map((results) => problemOf(results, true)).find((text) => text !== undefined);
      });
  }
  defaultDevice(before);
  return { cases, runs, elsewhere: others, wrong, acted, largest };
}
