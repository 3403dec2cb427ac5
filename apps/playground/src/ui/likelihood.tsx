import type { Flow } from "@flowify/core";

const words = {
  exact: "exact",
  bound: "a lower bound in expectation",
  "loses mass": "loses mass: its density integrates to less than 1",
} as const;

/** What a likelihood is, in the colour of exact ones and of others. */
export function Likelihood({ of }: { of: Flow["likelihood"] }) {
  return <span class={of === "exact" ? "exact" : "bound"}>{words[of]}</span>;
}
