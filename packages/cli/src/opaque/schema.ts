import * as v from "valibot";

const size = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const sizes = v.pipe(v.array(size), v.minLength(1));
const numbers = v.array(v.pipe(v.number(), v.finite()));

/** Preprocessing of pixels, as `--normalize` has it. */
const normalization = v.union([v.literal("raw"), v.strictObject({ mean: numbers, std: numbers })]);

/**
 * A network that one step of a flow runs as it is: the value of an ONNX file that it computes, and how many numbers the flow sees
 * of it, means of neighbours where it has more.
 */
export const functionSchema = v.strictObject({
  input: v.string(),
  inShape: sizes,
  output: v.string(),
  outShape: v.array(size),
  seen: size,
  normalize: v.exactOptional(normalization),
});

export type OpaqueFunction = Readonly<v.InferOutput<typeof functionSchema>>;
