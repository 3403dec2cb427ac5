import { spread } from "../files.js";
import { type Cases, image, one } from "./forms.js";

export const windows: Cases = {
  Conv: [
    one("Conv")(
      image,
      { pads: [1, 0, 2, 1], strides: [2, 1] },
      { w: spread([4, 3, 3, 2]), b: spread([4], 2) },
    ),
    one("Conv")([2, 4, 7, 7], { group: 2, dilations: [2, 1] }, { w: spread([4, 2, 3, 2]) }),
    one("Conv")(image, { auto_pad: "SAME_UPPER", strides: [2, 2] }, { w: spread([4, 3, 3, 2]) }),
    one("Conv")(image, { auto_pad: "SAME_LOWER", kernel_shape: [2, 2] }, { w: spread([4, 3, 2, 2]) }),
    one("Conv")([2, 3, 9], { pads: [1, 2], strides: [2] }, { w: spread([4, 3, 3]), b: spread([4], 2) }),
  ],
  ConvTranspose: [
    one("ConvTranspose")(
      [2, 3, 4, 3],
      { strides: [2, 2], pads: [1, 1, 1, 1] },
      { w: spread([3, 2, 4, 4]), b: spread([2], 2) },
    ),
    one("ConvTranspose")([2, 3, 4, 3], {}, { w: spread([3, 2, 3, 2]) }),
    one("ConvTranspose")(
      [2, 4, 3, 3],
      { group: 2, strides: [2, 1], output_padding: [1, 0] },
      { w: spread([4, 2, 3, 2]) },
    ),
    one("ConvTranspose")([2, 2, 3, 3], { dilations: [2, 1], strides: [1, 3] }, { w: spread([2, 2, 2, 3]) }),
  ],
  MaxPool: [
    one("MaxPool")(image, { kernel_shape: [2, 2], strides: [2, 2] }),
    one("MaxPool")(image, { kernel_shape: [3, 2], pads: [1, 0, 1, 1], dilations: [1, 2] }),
    one("MaxPool")(image, { kernel_shape: [2, 3], strides: [2, 2], ceil_mode: 1 }),
    one("MaxPool")(image, { kernel_shape: [3, 3], strides: [2, 2], auto_pad: "SAME_UPPER" }),
    one("MaxPool")([2, 3, 9], { kernel_shape: [3], strides: [2] }),
  ],
  AveragePool: [
    one("AveragePool")(image, { kernel_shape: [2, 2], strides: [2, 2] }),
    one("AveragePool")(image, { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
    one("AveragePool")(image, { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 }),
    one("AveragePool")(image, { kernel_shape: [2, 4], strides: [2, 4], ceil_mode: 1 }),
    one("AveragePool")(image, {
      kernel_shape: [3, 2],
      strides: [2, 2],
      pads: [1, 0, 1, 1],
      ceil_mode: 1,
      count_include_pad: 1,
    }),
    one("AveragePool")(image, { kernel_shape: [2, 3], dilations: [3, 2], pads: [0, 1, 0, 1] }),
    one("AveragePool")([2, 2, 4, 4, 3], { kernel_shape: [2, 3, 2], strides: [2, 1, 1] }),
  ],
  GlobalAveragePool: [one("GlobalAveragePool")(image)],
  GlobalMaxPool: [one("GlobalMaxPool")(image)],
};
