import { type Flow, type FlowParams, HostArray } from "@flowify/core";
import { type NoiseSpec, type NoiseTree, type Rng, type Shape, sizeOf } from "@flowify/core/layer";
import { DType, type JsTree, numpy as np } from "@jax-js/jax";

/** A program of a flow. */
export type Program = Readonly<{
  name: string;
  /** Arrays of a function behind the flow; f takes them in a pair with the parameters. */
  constants?: JsTree<HostArray> | undefined;
  /** The first argument after the parameters, unless it is noise. */
  input?: { name: "x" | "z"; role: "examples" | "latents"; shape: Shape };
  noise: NoiseSpec;
  /** The condition of an example, the last argument, where the flow has one. */
  condition?: Shape | undefined;
  f: (params: FlowParams, input: np.Array, noise: NoiseTree, condition?: np.Array) => JsTree<np.Array>;
  outputs: readonly { name: string; meaning: string }[];
}>;

/** A pure function of ledgers [B, lines] and of arrays that it needs, for outputs [B, …] by name, beside log p and the ledger. */
export type LedgerFunction = Readonly<{
  constants: JsTree<HostArray>;
  f(constants: JsTree<np.Array>, ledger: np.Array): Readonly<Record<string, np.Array>>;
  /** In the order of the outputs. */
  outputs: readonly { name: string; meaning: string }[];
}>;

/**
 * log p with its ledger, encode, decode and sample; without latents, neither encode nor decode.
 *
 * @param ofLedger is computed beside log p
 */
export function programsOf(flow: Flow, ofLedger?: LedgerFunction): Program[] {
  const examples = { name: "x", role: "examples", shape: flow.inShape } as const;
  const latents = { name: "z", role: "latents", shape: flow.latentShape } as const;
  const bound = {
    exact: "",
    bound: ", a lower bound in expectation over the noise",
    "loses mass": ", whose density integrates to less than 1",
  }[flow.likelihood];
  const programs: Omit<Program, "condition">[] = [
    {
      name: "log-prob",
      input: examples,
      noise: flow.forwardNoise,
      constants: ofLedger?.constants,
      f: (own, x, noise, condition) => {
        const [params, constants] = ofLedger ? (own as [FlowParams, JsTree<np.Array>]) : [own, []];
        const ledger = flow.ledger(params, x, noise, condition);
        const more = ofLedger ? Object.values(ofLedger.f(constants, ledger.ref)) : [];
        return [np.sum(ledger.ref, 1), ledger, ...more];
      },
      outputs: [
        { name: "log_prob", meaning: `log p(${flow.condition ? "x | condition" : "x"}) in nats${bound}` },
        {
          name: "ledger",
          meaning: "contribution of each layer and of the base, nats; the rows sum to log_prob",
        },
        ...(ofLedger?.outputs ?? []),
      ],
    },
    {
      name: "encode",
      input: examples,
      noise: flow.forwardNoise,
      f: (params, x, noise, condition) => [flow.encode(params, x, noise, condition)],
      outputs: [
        { name: "z", meaning: "the latent; with noise at its mean, the output of the plain network" },
      ],
    },
    {
      name: "decode",
      input: latents,
      noise: flow.inverseNoise,
      f: (params, z, noise, condition) => [flow.decode(params, z, noise, condition)],
      outputs: [{ name: "x", meaning: "a sample of the examples with the latent z" }],
    },
    {
      name: "sample",
      noise: [flow.baseNoise, flow.inverseNoise],
      f: (params, _none, noise, condition) => {
        const [base, inverse] = noise as [NoiseTree, NoiseTree];
        return [flow.decode(params, flow.base.draw(base), inverse, condition)];
      },
      outputs: [{ name: "x", meaning: "examples sampled from the flow" }],
    },
  ];
  const condition = flow.condition?.shape;
  const without = sizeOf(flow.latentShape) === 0 ? ["encode", "decode"] : [];
  return programs.filter(({ name }) => !without.includes(name)).map((program) => ({ ...program, condition }));
}

/** Random examples: integers 0..levels−1, or standard normal numbers without levels. */
export function someExamples(batch: number, shape: Shape, levels: number | undefined, rng: Rng): HostArray {
  const data = new Float32Array(batch * sizeOf(shape));
  if (levels === undefined) rng.fillNormal(data);
  else {
    rng.fillUniform(data);
    data.forEach((u, i) => {
      data[i] = Math.min(Math.floor(u * levels), levels - 1);
    });
  }
  return new HostArray(data, [batch, ...shape], DType.Float32);
}
