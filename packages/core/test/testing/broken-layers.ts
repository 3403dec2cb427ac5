import { numpy as np } from "@jax-js/jax";
import { perExample } from "../../src/entries/layer.js";
import type { LawError } from "../../src/entries/testing.js";
import { brokenBy, change } from "./broken-by.js";
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

/** `also`: the other laws that it breaks. */
export type Mutant = Readonly<{
  what: string;
  law: string;
  also?: readonly string[];
  says: RegExp;
  check(): Promise<LawError>;
}>;

let calls = 0;

/** The same parameters, the mean at 0 whatever it is. */
const withoutMean = ({ mean, logStd }: NormalParams): NormalParams => ({ mean: mean.mul(0), logStd });

export const mutants: readonly Mutant[] = [
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
    what: "initial values from data in another tree than those of init",
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
        Object.freeze({
          ...narrow,
          forward: (...[params, x, noise]: Parameters<typeof narrow.forward>) =>
            narrow.forward(params, x.reshape([x.shape[0] as number, -1]).slice([], [0, N + MORE]), noise),
        }),
      ),
  },
  {
    what: "a frozen layer that learns what deterministic mode computes",
    law: "frozen",
    says: /of deterministic mode change with mean, logStd/,
    check: () => brokenBy(change(widen, { facts: { frozenParameterKinds: {} } })),
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
    what: "initial values that no key decides",
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
