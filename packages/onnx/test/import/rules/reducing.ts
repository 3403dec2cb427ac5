import { ints } from "../files.js";
import { type Cases, image, one } from "./forms.js";

export const reducing: Cases = {
  ReduceSum: [
    one("ReduceSum")(image, { keepdims: 0 }, { axes: ints(1, 3) }),
    one("ReduceSum")([2, 3, 4], {}, { axes: ints(-1) }),
  ],
  ReduceMean: [
    one("ReduceMean")(image, { keepdims: 0 }, { axes: ints(2, 3) }),
    one("ReduceMean")(image, { axes: [-1, -2] }, {}, 13),
    one("ReduceMean")(image, { axes: [1] }, {}, 13),
    one("ReduceMean")([2, 3, 4], { keepdims: 0 }, { axes: ints(1) }),
  ],
};
