import { defaultDevice, numpy as np } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import {
  type ArrayTree,
  defineLayer,
  expectShape,
  type FlowLayer,
  perExample,
} from "../../src/entries/layer.js";
import { conv2d, linear, variationalDequantize } from "../../src/entries/layers.js";
import { type CheckLayerOptions, checkLayer, LawError, laws } from "../../src/entries/testing.js";
import {
  type Extra,
  logNormal,
  MORE,
  N,
  type NormalParams,
  narrow,
  type ScaleParams,
  scale,
  widen,
} from "./layers.js";

/** The plain layer that `scale` stands for. */
const plainScale: Pick<CheckLayerOptions, "plain"> = {
  plain: (params, x) => {
    const { logScale, bias } = params as ScaleParams;
    return np.exp(logScale).mul(x).add(bias);
  },
};

const brokenBy = async <P extends ArrayTree>(
  layer: FlowLayer<P>,
  options?: CheckLayerOptions,
): Promise<LawError> => {
  try {
    await checkLayer(layer, options);
  } catch (error) {
    if (error instanceof LawError) return error;
    throw error;
  }
  throw new Error("checkLayer finds nothing");
};

/** A layer with other fields; arrays that do not fit are refused as before. */
const change = <P extends ArrayTree>(layer: FlowLayer<P>, fields: Partial<FlowLayer<P>>): FlowLayer<P> => {
  const changed = { ...layer, ...fields };
  return defineLayer<P>({
    ...changed,
    forward(params, x, noise) {
      expectShape(layer.name, "x", x, layer.inShape);
      return changed.forward(params, x, noise);
    },
    inverse(params, z, noise) {
      expectShape(layer.name, "z", z, changed.outShape);
      return changed.inverse(params, z, noise);
    },
  });
};

/** `also`: the other laws that it breaks. */
type Mutant = Readonly<{
  what: string;
  law: string;
  also?: readonly string[];
  says: RegExp;
  check(): Promise<LawError>;
}>;

let calls = 0;

/** The same parameters, the mean at 0 whatever it is. */
const withoutMean = ({ mean, logStd }: NormalParams): NormalParams => ({ mean: mean.mul(0), logStd });

const mutants: readonly Mutant[] = [
  {
    what: "a wrong sign",
    law: "contribution",
    says: /the contribution of one example.* where .* is expected; they differ by .*, at most 1e-8/,
    check: () =>
      brokenBy(
        change(scale, {
          forward({ logScale, bias }, x) {
            const contribution = perExample(logScale.ref.sum().neg(), x.shape[0] as number);
            return { z: x.mul(np.exp(logScale)).add(bias), contribution };
          },
        }),
      ),
  },
  {
    what: "a missing term: the log of the scale of what is dropped",
    law: "contribution",
    says: /they differ by/,
    check: () =>
      brokenBy(
        change(narrow, {
          forward(params, x) {
            const dropped = x.ref.slice([], [N, N + MORE]);
            const missing = perExample(params.logStd.ref.sum(), x.shape[0] as number);
            return { z: x.slice([], [0, N]), contribution: logNormal(dropped, params).add(missing) };
          },
        }),
      ),
  },
  {
    what: "a missing term: the density of the noise",
    law: "contribution",
    says: /they differ by/,
    check: () =>
      brokenBy(
        change(widen, {
          forward(params, x, noise) {
            const contribution = perExample(params.logStd.ref.sum(), x.shape[0] as number);
            const { z, contribution: right } = widen.forward(params, x, noise);
            right.dispose();
            return { z, contribution };
          },
        }),
      ),
  },
  {
    what: "a wrong noise scale in the inverse",
    law: "contribution",
    says: /they differ by/,
    check: () =>
      brokenBy(
        change(narrow, {
          inverse: ({ mean, logStd }, z, noise) =>
            np.concatenate([z, (noise as Extra).extra.mul(np.exp(logStd.mul(2))).add(mean)], 1),
        }),
      ),
  },
  {
    what: "a dropped .ref",
    law: "references",
    also: ["references, derived"],
    says: /array 0 of 3 that forward is given .* consumed 2 times/,
    check: () =>
      brokenBy(
        change(scale, {
          forward({ logScale, bias }, x) {
            const contribution = perExample(logScale.sum(), x.shape[0] as number);
            return { z: x.mul(np.exp(logScale)).add(bias), contribution };
          },
        }),
      ),
  },
  {
    what: "an array that is never disposed of",
    law: "references",
    also: ["references, derived"],
    says: /array 0 of 3 that inverse is given .* never consumed/,
    check: () =>
      brokenBy(
        change(widen, {
          inverse({ logStd }, z) {
            logStd.dispose();
            return z.slice([], [0, N]);
          },
        }),
      ),
  },
  {
    what: "a wrong declared shape",
    law: "shapes",
    says: /expected z float32 \[3, 4\], got float32 \[3, 5\]/,
    check: () => brokenBy(change(widen, { outShape: [N + MORE - 1] })),
  },
  {
    what: "a wrong flag exact",
    law: "declaration",
    says: /exact is true, but 2 numbers an example are drawn forward: expected false/,
    check: () => brokenBy(change(widen, { exact: true })),
  },
  {
    what: "a wrong inverse",
    law: "round trip",
    says: /inverse\(forward\(x\)\) against x, float64/,
    check: () =>
      brokenBy(
        change(scale, { inverse: ({ logScale, bias }, z) => z.mul(np.exp(logScale.neg())).sub(bias) }),
      ),
  },
  {
    what: "a noise that is not declared",
    law: "noise",
    says: /needs extra, which inverseNoise does not declare/,
    check: () => brokenBy(change(narrow, { inverseNoise: {} })),
  },
  {
    what: "start values from data in another tree than those of init",
    law: "initFromData",
    says: /gives the parameters logScale float32 \[3\], init gives logScale float32 \[3\]; bias float32 \[3\]/,
    check: () =>
      brokenBy(
        change(scale, {
          async initFromData(key) {
            key.dispose();
            return { logScale: np.zeros([N]) } as ScaleParams;
          },
        }),
      ),
  },
  {
    what: "a gradient that is NaN where a branch is not taken",
    law: "gradients",
    also: ["compiled"],
    says: /the gradient of logScale is not finite/,
    check: () =>
      brokenBy(
        change(scale, {
          forward(params, x) {
            const { z, contribution } = scale.forward(
              {
                ...params,
                logScale: np.where(
                  np.greater(params.logScale.ref, 99),
                  np.sqrt(params.logScale.ref.sub(99)),
                  params.logScale,
                ),
              },
              x,
              {},
            );
            return { z, contribution };
          },
        }),
      ),
  },
  {
    what: "a parameter that nothing depends on",
    law: "gradients",
    says: /the gradient is zero of \[mean\], expected \[\]/,
    check: () =>
      brokenBy(
        change(narrow, {
          forward: (params, x, noise) => narrow.forward(withoutMean(params), x, noise),
          inverse: (params, z, noise) => narrow.inverse(withoutMean(params), z, noise),
        }),
      ),
  },
  {
    what: "a NaN gradient with respect to the input, at 0",
    law: "input gradients",
    says: /not finite where all of x is 0/,
    check: () =>
      brokenBy(
        change(scale, {
          forward(params, x) {
            const { z, contribution } = scale.forward(params, np.sqrt(np.square(x.ref)).mul(np.sign(x)), {});
            return { z, contribution };
          },
        }),
      ),
  },
  {
    what: "numbers of its own in every call",
    law: "pure",
    also: ["batch", "contribution", "gradients", "compiled"],
    says: /gives other numbers in a second call/,
    check: () =>
      brokenBy(
        change(scale, {
          forward(params, x, noise) {
            const { z, contribution } = scale.forward(params, x, noise);
            return { z, contribution: contribution.add(1e-3 * calls++) };
          },
        }),
      ),
  },
  {
    what: "examples that depend on each other",
    law: "batch",
    also: ["round trip", "contribution"],
    says: /z of one example, in a batch and alone/,
    check: () =>
      brokenBy(
        change(scale, {
          forward: (params, x, noise) =>
            scale.forward(params, x.ref.sub(np.mean(x, 0, { keepdims: true })), noise),
        }),
      ),
  },
  {
    what: "an array that does not fit and is taken",
    law: "refusal",
    says: /forward gives .* for an array \[2, 5, 1\]; expected a ShapeError that shows \[2, 5, 1\]/,
    check: () =>
      brokenBy(
        defineLayer({
          ...narrow,
          forward: (params, x, noise) =>
            narrow.forward(params, x.reshape([x.shape[0] as number, -1]).slice([], [0, N + MORE]), noise),
        }),
      ),
  },
  {
    what: "a frozen layer that learns what deterministic mode computes",
    law: "frozen",
    says: /of deterministic mode change with mean, logStd/,
    check: () => brokenBy(change(widen, { frozenParameterKinds: {} })),
  },
  {
    what: "a deterministic mode that is not the plain layer",
    law: "deterministic",
    says: /z in deterministic mode against the plain layer/,
    check: () =>
      brokenBy(scale, {
        plain: (params, x) => {
          const { logScale, bias } = params as ScaleParams;
          logScale.dispose();
          return x.add(bias);
        },
      }),
  },
  {
    what: "start values that no key decides",
    law: "init",
    says: /two calls with the same key give other parameters/,
    check: () =>
      brokenBy(
        change(scale, {
          init: (key) => ({ ...scale.init(key), logScale: np.full([N], 0.01 * calls++) }),
        }),
      ),
  },
];

describe("checkLayer", () => {
  it.each([
    ["a bijection", () => checkLayer(scale, plainScale)],
    ["an increasing layer", () => checkLayer(widen)],
    ["a reducing layer", () => checkLayer(narrow)],
    ["linear", () => checkLayer(linear(4, 2))],
    [
      "a convolution, whose contribution has no square Jacobian",
      () => checkLayer(conv2d([1, 4, 4], 2, { kernel: 2, stride: 2, whiten: false })),
    ],
    ["a layer of integers", () => checkLayer(variationalDequantize([3], { levels: 4, hidden: 8 }))],
  ])("passes %s, and says what it compared", async (_, run) => {
    const device = defaultDevice();
    const report = await run();
    expect(report.laws.map(({ law }) => law)).toEqual(laws.map(({ name }) => name));
    for (const { skipped, figures } of report.laws)
      for (const { error, allowed } of skipped ? [] : figures) expect(error).toBeLessThanOrEqual(allowed);
    expect(report.laws.find(({ law }) => law === "round trip")?.figures).not.toEqual([]);
    expect(defaultDevice()).toBe(device);
  });

  it("says why a law does not apply", async () => {
    const { laws: results } = await checkLayer(narrow);
    const skipped = Object.fromEntries(results.flatMap(({ law, skipped: why }) => (why ? [[law, why]] : [])));
    expect(skipped).toEqual({
      deterministic: "no plain layer is given (option `plain`)",
      frozen: "a frozen one learns nothing",
      initFromData: "it has no start values from data",
      atInit: "it does not say how it starts",
    });
  });

  it.each(mutants)("names the law that fails: $what", async ({ law, also = [], says, check }) => {
    const error = await check();
    expect(error).toMatchObject({ code: "LAW", law });
    expect(error.message.split("\n")[1]).toMatch(says);
    expect(error.laws).toEqual([law, ...also]);
  });

  it("names a record that can be changed", async () => {
    expect(await brokenBy({ ...scale })).toMatchObject({ law: "declaration" });
  });

  it("tries every law but the derived ones on a layer that breaks it", () => {
    const tried = new Set(mutants.map(({ law }) => law));
    expect(laws.map(({ name }) => name).filter((name) => !tried.has(name))).toEqual([
      "compiled",
      "references, derived",
      "atInit",
    ]);
  });
});
