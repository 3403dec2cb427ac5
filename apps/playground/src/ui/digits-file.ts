/** How many digits of MNIST the page brings along: the first ones, in their order, so that the command finds the same. */
export const DIGITS = { train: 1024, test: 128, pixels: 784, shape: [1, 28, 28] } as const;

/** The file that holds them, beside the page. */
export const FILE = "digits.bin";
