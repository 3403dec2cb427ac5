import { contributions, type Kind, kindOf } from "../jacobian.js";
import { prepare } from "../prepare.js";
import type { Law } from "../subject.js";
import { within } from "../within.js";

const name = "contribution";

/** The change of variables, with noise as extra coordinates. */
export const contribution: Law = {
  name,
  promise: "the contribution follows from log |det| of the Jacobian, noise as extra coordinates",
  skip: (subject) =>
    kindOf(subject) === undefined
      ? "its noises do not make up the difference of sizes, so no Jacobian is square: compare with a formula"
      : undefined,
  check: async (subject) => {
    const { ours, expected } = await contributions(
      await prepare(subject, "float64"),
      kindOf(subject) as Kind,
    );
    return [within(name, "the contribution of one example, nats", [[ours], [expected]], "contribution")];
  },
};
