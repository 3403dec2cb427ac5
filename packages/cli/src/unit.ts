/** A mean log-likelihood in nats, and the same as bits per dimension. */
type Figure = Readonly<{ nats: number; bpd: number }>;

/** Unit of a likelihood. Less is better in both. */
export type Unit = Readonly<{
  name: "bits per dimension" | "nats per row";
  /** The name of a figure in the metrics and in documents. */
  field: "bpd" | "nll";
  of(figure: Figure): number;
  /** One bit per dimension in this unit, for examples with this many numbers. */
  perBit(dimensions: number): number;
}>;

/** For images, whose numbers are levels: −log p / (n ln 2). */
export const bits: Unit = {
  name: "bits per dimension",
  field: "bpd",
  of: ({ bpd }) => bpd,
  perBit: () => 1,
};

/** For rows of numbers with different units: −log p. */
const nats: Unit = {
  name: "nats per row",
  field: "nll",
  of: (figure) => -figure.nats,
  perBit: (dimensions) => dimensions * Math.LN2,
};

export const unitOf = (shape: readonly number[]): Unit => (shape.length === 1 ? nats : bits);
