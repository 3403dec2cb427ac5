import type { Flow } from "@flowify/core";

/** A number as it is, or with so many significant digits at most. */
export const plain = (value: number, digits?: number): string =>
  String(digits === undefined ? value : Number(value.toPrecision(digits))).replace("-", "−");

/** A number with a typographic minus sign and fixed decimals; a dash for no number. */
export const decimals = (value: number | undefined, digits: number): string =>
  value === undefined ? "–" : Number.isFinite(value) ? value.toFixed(digits).replace("-", "−") : "not finite";

/** Bits per dimension of uniformly distributed bytes. */
const UNIFORM = 8;

/** A warning if images are less likely than under a uniform distribution. */
export const AboveUniform = ({ bpd }: { bpd: number | undefined }) =>
  bpd !== undefined && bpd > UNIFORM ? (
    <p class="wrong" role="status">
      More than {UNIFORM} bits per dimension: a uniform distribution of bytes makes these images likelier.
    </p>
  ) : null;

const words = {
  exact: "exact",
  bound: "a lower bound in expectation",
  "loses mass": "loses mass: its density integrates to less than 1",
} as const;

/** What a likelihood is, in the colour of exact ones and of others. */
export function Likelihood({ of }: { of: Flow["likelihood"] }) {
  return <span class={of === "exact" ? "exact" : "bound"}>{words[of]}</span>;
}
