import { random } from "@jax-js/jax";
import { LawError } from "../../errors.js";
import { nth } from "../../lists.js";
import { makeRng } from "../../math/rng.js";
import type { HostArray } from "../../params/host-array.js";
import { parameterPaths } from "../../params/parameter-paths.js";
import { treeFlatten } from "../../params/pytree.js";
import { numbersOf } from "../arrays.js";
import { type HostTree, host, type Prepared, prepare, toParams } from "../prepare.js";
import type { Law, Subject } from "../subject.js";
import { within } from "../within.js";

/** z with every noise at its mean, of these parameters. */
async function deterministicOutput({ subject, x, meanNoise }: Prepared, params: HostTree): Promise<number[]> {
  const { layer } = subject;
  const { z, contribution } = layer.forward(toParams(params, "float32"), x(), meanNoise(layer.forwardNoise));
  contribution.dispose();
  return numbersOf(z);
}

/** The ordinary layer that a flow layer stands for. */
export const deterministic: Law = {
  name: "deterministic",
  promise: "deterministic mode is the plain layer",
  skip: ({ plain }) => (plain ? undefined : "no plain layer is given (option `plain`)"),
  check: async (subject) => {
    const prepared = await prepare(subject, "float32");
    const ours = await deterministicOutput(prepared, prepared.hostParams);
    const wanted = subject.plain?.(prepared.params(), prepared.x());
    const theirs = wanted ? await numbersOf(wanted) : [];
    return [
      within(
        "deterministic",
        "z in deterministic mode against the plain layer",
        [ours, theirs],
        "plain",
        subject.condition,
      ),
    ];
  },
};

/** How each parameter of a frozen layer may move. */
const frozenPaths = ({ layer }: Subject) =>
  parameterPaths(layer.init(random.key(1)), layer.facts.frozenParameterKinds ?? "fixed");

/** What a frozen network may still learn is nothing that deterministic mode computes: to the last bit. */
export const frozen: Law = {
  name: "frozen",
  promise: "deterministic mode does not depend on what a frozen layer learns, to the last bit",
  skip: (subject) =>
    frozenPaths(subject).every(({ kind }) => kind === "fixed") ? "a frozen one learns nothing" : undefined,
  check: async (subject) => {
    const prepared = await prepare(subject, "float32");
    const paths = frozenPaths(subject);
    const rng = makeRng(6);
    const { leaves, rebuild } = treeFlatten<HostArray>(prepared.hostParams);
    const moved = leaves.map(({ data, shape }, i) => {
      const kept = nth(paths, i).kind === "fixed";
      return host(
        Array.from(data, (v) => (kept ? v : v + rng.normal())),
        shape,
      );
    });
    const before = await deterministicOutput(prepared, prepared.hostParams);
    const after = await deterministicOutput(prepared, rebuild(moved) as HostTree);
    const changed = before.filter((v, i) => !Object.is(v, after[i])).length;
    if (changed === 0) return [];
    const learnt = paths.filter(({ kind }) => kind !== "fixed").map(({ path }) => path);
    throw new LawError(
      "frozen",
      `${changed} of ${before.length} numbers of deterministic mode change with ${learnt.join(", ")}: declare those that it depends on "fixed" in frozenParameterKinds`,
    );
  },
};
