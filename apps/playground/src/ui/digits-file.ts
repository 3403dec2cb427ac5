/** Number of MNIST digits in the page: the first ones in order, so that the command can use the same. */
export const DIGITS = { train: 1024, test: 128, pixels: 784, shape: [1, 28, 28] } as const;

/** The file with the digits, next to the page. */
export const FILE = "digits.bin";
