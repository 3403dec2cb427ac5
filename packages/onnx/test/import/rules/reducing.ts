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
  ReduceMax: [
    one("ReduceMax")(image, { keepdims: 0 }, { axes: ints(1) }),
    one("ReduceMax")(image, { axes: [2, 3] }, {}, 13),
    one("ReduceMax")([2, 3, 4], { keepdims: 0 }, { axes: ints(-1) }),
  ],
  ReduceMin: [
    one("ReduceMin")(image, {}, { axes: ints(1, 3) }),
    one("ReduceMin")([2, 3, 4], { keepdims: 0, axes: [1] }, {}, 13),
  ],
};
