import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Executor } from "@flowify/core";
import { nativeExecutor } from "@flowify/onnx";
import { matrixProduct } from "./matrix-product.js";
import { benchTrainer, timedSteps } from "./training.js";

/** An event of ONNX Runtime's profile, times in microseconds. */
type Event = {
  cat: string;
  name: string;
  ts: number;
  dur: number;
  args: { op_name?: string; output_type_shape?: Record<string, number[]>[] };
};

/** Milliseconds per step, and number of nodes. */
type Share = { what: string; ms: number; nodes: number };

export type Profile = {
  network: string;
  stepMs: number;
  gMs: number;
  /** Milliseconds per step: nodes of the gradient, time between them. */
  nodesMs: number;
  betweenMs: number;
  /** Milliseconds per step of the other programs, by name, and of the host: data, noise, copies, JavaScript. */
  programs: { what: string; ms: number }[];
  hostMs: number;
  /** By kind of work, by the jax-js primitive of each node, and the most expensive equations. */
  kinds: Share[];
  primitives: Share[];
  equations: Share[];
};

const WARM_UP = 3;
const DEAREST = 25;

const KINDS: Readonly<Record<string, readonly string[]>> = {
  products: ["Gemm", "MatMul", "FusedMatMul", "FusedGemm", "Conv", "FusedConv", "ConvTranspose"],
  "moving numbers": [
    "Transpose",
    "Gather",
    "Reshape",
    "Split",
    "Concat",
    "Slice",
    "Pad",
    "Expand",
    "ScatterElements",
  ],
  sums: ["ReduceSum", "ReduceSumSquare", "ReduceMax", "ReduceMean", "CumSum"],
};

const kindOf = (op: string): string =>
  Object.keys(KINDS).find((kind) => KINDS[kind]?.includes(op)) ?? "elementwise";

/** Wraps an executor to time every program: milliseconds on the first worker, by name. */
function watched(executor: Executor): Readonly<{ executor: Executor; spent: Map<string, number> }> {
  const spent = new Map<string, number>();
  const watching: Executor = {
    ...executor,
    async compile(f, specs, options) {
      const compiled = await executor.compile(f, specs, options);
      const name = options?.name ?? f.name;
      return {
        ...compiled,
        async run(args, where) {
          const started = performance.now();
          const result = await compiled.run(args, where);
          if (where?.worker) return result;
          spent.set(name, (spent.get(name) ?? 0) + performance.now() - started);
          return result;
        },
      };
    },
  };
  return { executor: watching, spent };
}

/** Times training steps of a network node by node; the profiler itself takes time, in proportion to the number of nodes. */
export async function profileNetwork(name: string, steps: number, dataDir?: string): Promise<Profile> {
  const folder = mkdtempSync(join(tmpdir(), "flowify-profile-"));
  try {
    const { executor, spent } = watched(await nativeExecutor({ profile: folder }));
    const plain = await nativeExecutor();
    const trainer = await benchTrainer(name, executor, WARM_UP + steps, { dataDir });
    const g = await matrixProduct(plain);
    const times = await timedSteps(trainer, g, { warmUp: WARM_UP, steps, onWarm: () => spent.clear() });
    await g.dispose();
    await trainer.dispose();
    await executor.dispose();
    await plain.dispose();
    return summary(name, gradientEvents(folder), steps, times, spent);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The events of the program that computes the gradient, on the first worker, without those of the warm-up. */
function gradientEvents(folder: string): Event[] {
  const file = readdirSync(folder).find((entry) => entry.startsWith("gradient_"));
  if (file === undefined) throw new Error(`ONNX Runtime wrote no profile of the gradient to ${folder}`);
  const events = JSON.parse(readFileSync(join(folder, file), "utf8")) as Event[];
  const runs = events.filter((event) => event.name === "model_run");
  const last = runs[WARM_UP - 1];
  return events.filter((event) => last !== undefined && event.ts > last.ts + last.dur);
}

function summary(
  network: string,
  events: readonly Event[],
  steps: number,
  { stepMs, gMs, allMs }: Awaited<ReturnType<typeof timedSteps>>,
  spent: ReadonlyMap<string, number>,
): Profile {
  const perStep = (ms: number): number => ms / steps;
  const sum = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);
  const runs = events.filter((event) => event.name === "model_run").map((event) => event.dur / 1000);
  const nodes = events.filter((event) => event.cat === "Node" && event.name.endsWith("_kernel_time"));
  const share = (keyOf: (event: Event) => string): Share[] => {
    const byKey = new Map<string, Share>();
    for (const event of nodes) {
      const what = keyOf(event);
      const found = byKey.get(what) ?? { what, ms: 0, nodes: 0 };
      found.ms += event.dur / 1000 / runs.length;
      found.nodes += 1 / runs.length;
      byKey.set(what, found);
    }
    return [...byKey.values()].sort((a, b) => b.ms - a.ms);
  };
  const runMs = sum(runs) / runs.length;
  const kinds = share((event) => kindOf(event.args.op_name ?? ""));
  const nodesMs = sum(kinds.map(({ ms }) => ms));
  return {
    network,
    stepMs,
    gMs,
    nodesMs,
    betweenMs: runMs - nodesMs,
    programs: [...spent]
      .filter(([name]) => name !== "gradient")
      .map(([what, ms]) => ({ what, ms: perStep(ms) })),
    hostMs: perStep(allMs) - perStep(sum(spent.values())) + perStep(spent.get("gradient") ?? 0) - runMs,
    kinds,
    primitives: share((event) => primitiveOf(event.name)),
    equations: share((event) => `${equationOf(event.name)} ${event.args.op_name} ${shapesOf(event)}`).slice(
      0,
      DEAREST,
    ),
  };
}

/** A node is named after its equation: `dot.12/Gemm`. */
const equationOf = (name: string): string => name.split("/")[0]?.replace(/_kernel_time$/, "") ?? name;
const primitiveOf = (name: string): string =>
  name.includes("/") || /^[a-z]/.test(name) ? (name.split(/[./]/)[0] as string) : "ONNX Runtime's own";

const shapesOf = ({ args }: Event): string =>
  (args.output_type_shape ?? []).map((output) => `[${Object.values(output)[0]?.join(", ")}]`).join(" ");

/** The profile as text. */
export function showProfile(p: Profile): string {
  const line = (what: string, ms: number, nodes?: number): string =>
    `${ms.toFixed(2).padStart(9)} ms ${`${((100 * ms) / p.stepMs).toFixed(1)} %`.padStart(7)}` +
    `${nodes === undefined ? "" : `${nodes.toFixed(0).padStart(6)} nodes`}  ${what}`;
  const section = (title: string, shares: readonly Share[]): string[] => [
    "",
    title,
    ...shares.map(({ what, ms, nodes }) => line(what, ms, nodes)),
  ];
  return [
    `${p.network}: ${p.stepMs.toFixed(1)} ms per step (g ${p.gMs.toFixed(2)} ms), including the time of the profiler`,
    line("nodes of the gradient", p.nodesMs),
    line("between them", p.betweenMs),
    ...p.programs.map(({ what, ms }) => line(what, ms)),
    line("the host: data, noise, copies, JavaScript", p.hostMs),
    ...section("by kind of work", p.kinds),
    ...section("by primitive of jax-js", p.primitives),
    ...section(`the ${DEAREST} most expensive equations`, p.equations),
  ].join("\n");
}
