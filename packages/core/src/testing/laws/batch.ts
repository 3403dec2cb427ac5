import type { numpy as np } from "@jax-js/jax";
import { treeMap } from "../../params/pytree.js";
import { numbersOf } from "../arrays.js";
import { prepare } from "../prepare.js";
import type { Law } from "../subject.js";
import { within } from "../within.js";

const name = "batch";

/** Examples are independent, or log p of a batch would not be the sum of theirs. */
export const batch: Law = {
  name,
  promise: "what an example becomes does not depend on the others of its batch",
  check: async (subject) => {
    const { layer, condition } = subject;
    const count = 3;
    const { params, x, forwardNoise } = await prepare(subject, "float64");
    const last = (array: np.Array): np.Array => array.slice([count - 1, count]);
    const together = layer.forward(params(), x(count), forwardNoise(count));
    const alone = layer.forward(params(), last(x(count)), treeMap(last, forwardNoise(count)) as never);
    const compare = async (what: string, a: np.Array, b: np.Array) =>
      within(
        name,
        `${what} of one example, in a batch and alone`,
        [await numbersOf(last(a)), await numbersOf(b)],
        "closedForm64",
        condition,
      );
    return [
      await compare("z", together.z, alone.z),
      await compare("the contribution", together.contribution, alone.contribution),
    ];
  },
};
