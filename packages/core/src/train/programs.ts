import { type JsTree, numpy as np } from "@jax-js/jax";
import { ArraySpec, type Compiled, type Executor, type PlacedTree } from "../executor/executor.js";
import type { Flow } from "../flow.js";
import { mapNoise, noiseShape } from "../noise.js";
import type { TrainedPath } from "../params/parameter-paths.js";
import { treeFlatten } from "../params/pytree.js";
import { type BatchShare, ownersOf, rowsOf } from "./batch-share.js";
import { makeHealth } from "./diagnose.js";
import { moveKernels } from "./muon.js";
import {
  addParts,
  averageAll,
  type ByPath,
  makeDescent,
  makeGradient,
  makeUpdate,
  makeWholeDescent,
  reorthogonalizeAll,
  retractAll,
  squaresOf,
} from "./step.js";

/** What the programs of a training step are compiled for. */
export type ProgramOptions = {
  flow: Flow;
  executor: Executor;
  leaves: readonly TrainedPath[];
  /** Shapes of the parameters. */
  params: JsTree<ArraySpec>;
  batchSize: number;
  /** Of the batches that several processes compute together. */
  share?: BatchShare | undefined;
  /** Gradients are scaled down to this global norm. Infinity: never. */
  clip: number;
  /** Decay of the weight average a step, 0 for none. */
  ema: number;
  /** Called while they are compiled, with the share of one that is done. */
  onCompile?: ((program: string, share: number) => void) | undefined;
  /** In how many parts the examples of this process are computed, side by side. */
  parts: number;
};

/** Values of the parameters of these kinds, by path; `values` are in the order of the leaves. */
export const pickByKind = <T>(
  leaves: readonly TrainedPath[],
  values: readonly T[],
  ...kinds: TrainedPath["kind"][]
): ByPath<T> =>
  Object.fromEntries(
    leaves.flatMap(({ path, kind }, i) => (kinds.includes(kind) ? [[path, values[i] as T]] : [])),
  );

/** The kinds of parameters that move. */
export const movingKinds = ["euclidean", "orthogonal", "kernel"] as const;

/** What the gradient is compiled for. */
export const gradientSpecs = (flow: Flow, params: JsTree<ArraySpec>, batch: number) =>
  [
    params,
    new ArraySpec([batch, ...flow.inShape], np.float32),
    mapNoise<ArraySpec>(flow.forwardNoise, (d) => new ArraySpec(noiseShape(d, batch), np.float32)),
    ...(flow.condition ? [new ArraySpec([batch, ...flow.condition.shape], np.float32)] : []),
  ] as const;

const scalar = new ArraySpec([], np.float32);
const adam = { rate: scalar, floor: scalar };

/**
 * Compiles the programs of a training step, in the order in which a step runs them; those without anything to do are
 * undefined. Errors: `MemoryError` where a batch is too large.
 */
export async function compilePrograms(options: ProgramOptions) {
  const { flow, executor, leaves, params, batchSize, share, clip, ema, parts, onCompile } = options;
  const specs = treeFlatten(params).leaves;
  const owners = ownersOf(leaves, specs, share?.of ?? 1);
  const part = share?.part ?? 0;
  const mine = leaves.map((leaf, i): TrainedPath => (owners[i] === part ? leaf : { ...leaf, kind: "fixed" }));
  const free = pickByKind(mine, specs, "euclidean");
  const square = pickByKind(mine, specs, "orthogonal");
  const kernels = pickByKind(mine, specs, "kernel");
  const squares = pickByKind(leaves, specs, "orthogonal");
  const moved = pickByKind(mine, specs, ...movingKinds);
  const moving = pickByKind(leaves, specs, ...movingKinds);
  const moments = Object.fromEntries(
    Object.entries(moved).map(([path, spec]) => [
      path,
      kernels[path] ? { first: spec } : { first: spec, second: spec },
    ]),
  );
  const rows = rowsOf(batchSize, share);
  const examples = rows.to - rows.from;
  const compiled: Compiled[] = [];
  const compile = async <T extends object>(
    name: string,
    f: (...args: never[]) => T,
    args: readonly unknown[],
    workers = 1,
  ): Promise<Compiled<PlacedTree<T>>> => {
    const onProgress = onCompile && ((share: number) => onCompile(name, share));
    const options = { name, workers, itemwise: true, onProgress };
    const program = await executor.compile(f as never, args as JsTree<ArraySpec>[], options);
    compiled.push(program);
    return program as Compiled<PlacedTree<T>>;
  };

  const gradient = await compile(
    "gradient",
    parts > 1 || share
      ? makeGradient(flow, leaves, examples / parts / batchSize)
      : makeWholeDescent(flow, leaves, clip),
    gradientSpecs(flow, params, examples / parts),
    parts,
  );
  const allParts = new Array(parts).fill({ gradients: moving, loss: scalar });
  const none = Object.keys(moved).length === 0;
  const sum = share && parts > 1 ? await compile("sum", addParts, allParts) : undefined;
  const descent = parts > 1 && !share ? await compile("descent", makeDescent(clip), allParts) : undefined;
  const ownSquares = share && !none ? await compile("squares", squaresOf, [moved]) : undefined;
  const update = none
    ? undefined
    : await compile("update", makeUpdate(mine), [
        { values: free, moments },
        moved,
        scalar,
        { euclidean: adam, orthogonal: adam },
      ]);
  const retract =
    Object.keys(square).length > 0
      ? await compile("retraction", retractAll, [square, square, scalar])
      : undefined;
  const muon =
    Object.keys(kernels).length > 0
      ? await compile("muon", moveKernels, [kernels, kernels, scalar])
      : undefined;
  const reorthogonalize =
    Object.keys(squares).length > 0
      ? await compile("reorthogonalize", reorthogonalizeAll, [squares])
      : undefined;
  const averaging = ema > 0 ? await compile("average", averageAll, [moving, moving, scalar]) : undefined;
  const counted = [gradient, descent, ownSquares, update, retract, muon].map(
    (program) => program?.flops ?? 0,
  );
  const [ofGradient = 0, ...ofOthers] = counted;
  let health: Compiled | undefined;
  return {
    /** The examples of a batch that are computed here. */
    rows,
    gradient,
    /** Adds the parts of this process up, for the sum over all processes. */
    sum,
    /** Adds the parts up; absent for one part of the whole batch, whose gradient has it inside. */
    descent,
    /** Of several processes: of the sums of what this one owns. */
    ownSquares,
    /** The owner of each parameter, and the parameters with those of other owners as fixed ones. */
    owners,
    mine,
    /** Of the parameters that this process moves, and of its orthogonal ones. */
    update,
    retract,
    muon,
    /** Of all orthogonal parameters. */
    reorthogonalize,
    averaging,
    /** What every layer gives, for a diagnosis: compiled when it is first asked for. */
    async health(): Promise<Compiled> {
      health ??= await compile("health", makeHealth(flow), gradientSpecs(flow, params, batchSize));
      return health;
    },
    /** Counted operations of one step, where the executor counts them. */
    flops: compiled.every(({ flops }) => flops === undefined)
      ? undefined
      : ofOthers.reduce((sum, flops) => sum + flops, parts * ofGradient),
    traceMs: compiled.reduce((sum, { traceMs }) => sum + traceMs, 0),
    compileMs: compiled.reduce((sum, { compileMs }) => sum + compileMs, 0),
    async dispose(): Promise<void> {
      for (const program of compiled) await program.dispose();
    },
  };
}

export type StepPrograms = Awaited<ReturnType<typeof compilePrograms>>;
