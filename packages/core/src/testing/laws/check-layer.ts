import { defaultDevice } from "@jax-js/jax";
import { LawError } from "../../errors.js";
import type { ArrayTree, FlowLayer } from "../../layer.js";
import { makeRng } from "../../math/rng.js";
import { sizeOf } from "../../shape.js";
import { layerAt } from "../layer-at.js";
import type { CheckLayerOptions, Figure, Subject } from "../subject.js";
import { laws } from "./all.js";

/** What became of one law: held, with what was compared; or skipped, with the reason. */
type LawResult = Readonly<{
  law: string;
  promise: string;
  skipped?: string;
  figures: readonly Figure[];
}>;

/** What a correct layer gets: every law with its figures. */
export type LayerReport = Readonly<{ layer: string; laws: readonly LawResult[] }>;

/** A law that does not hold, or that the layer throws in the midst of. */
type Failure = Readonly<{ law: string; promise: string; error: unknown }>;

/**
 * Runs every law of the contract of `FlowLayer` on a layer: declared shapes and noises, references, round trips,
 * the contribution against log |det| of the Jacobian (noise as extra coordinates), gradients against differences,
 * compiled against eager, initial values from data. No test runner is needed. It computes in float64 and float32
 * on jax-js's CPU and Wasm backends, and leaves the default device as it was.
 *
 * @param layer a small one: Jacobians are dense, so a handful of numbers an example is enough
 * @param options where to look at it; see `CheckLayerOptions`
 * @returns the laws that hold, each with its figures, and those that do not apply, each with the reason
 * @throws LawError that names the first law that fails, with figures, and lists all that do (`error.laws`); a law that cannot be decided, for
 * the layer throws, is listed behind them
 *
 * @example
 * ```ts
 * import { checkLayer } from "@flowify/core/testing";
 * import { leakyRelu } from "@flowify/core/layers";
 *
 * const report = await checkLayer(leakyRelu([4], { slope: 0.1 }));
 * console.log(report.laws.filter(({ skipped }) => !skipped).map(({ law }) => law).includes("contribution"));
 * // true
 * ```
 */
export async function checkLayer<P extends ArrayTree>(
  layer: FlowLayer<P>,
  options: CheckLayerOptions = {},
): Promise<LayerReport> {
  const subject: Subject = { ...options, layer: atSome(layer, options.seed) };
  const device = defaultDevice();
  const results: LawResult[] = [];
  const failures: Failure[] = [];
  try {
    for (const { name, promise, skip, check } of laws) {
      try {
        const skipped = skip?.(subject);
        const figures = skipped === undefined ? await check(subject) : [];
        results.push({ law: name, promise, figures, ...(skipped !== undefined && { skipped }) });
      } catch (error) {
        failures.push({ law: name, promise, error });
      }
    }
  } finally {
    defaultDevice(device);
  }
  if (failures.length > 0) throw report(layer.name, failures);
  return { layer: layer.name, laws: results };
}

/** A layer with a condition is looked at where that is fixed, at normal numbers: what holds for every one has to hold there. */
function atSome<P extends ArrayTree>(layer: FlowLayer<P>, seed = 1): FlowLayer<P> {
  const rng = makeRng(seed, 16);
  return layerAt(
    layer,
    Float32Array.from({ length: sizeOf(layer.condition ?? []) }, () => rng.normal()),
  );
}

function report(layer: string, failures: readonly Failure[]): LawError {
  const broken = failures.filter(({ error }) => error instanceof LawError);
  const thrown = failures.filter(({ error }) => !(error instanceof LawError));
  const [first = failures[0] as Failure] = broken;
  const lines = [
    ...broken.map(({ law, promise, error }) => `- ${law} (${promise}): ${(error as LawError).message}`),
    ...thrown.map(({ law, error }) => `- ${law}: not decided, it throws ${String(error)}`),
  ];
  return new LawError(
    first.law,
    `${layer} breaks ${broken.length} of ${laws.length} laws:\n${lines.join("\n")}`,
    {
      cause: first.error,
      laws: (broken.length > 0 ? broken : failures).map(({ law }) => law),
    },
  );
}
