import { type NetworkLayer, UsageError } from "@flowify/core";
import * as z from "zod";
import { printable } from "../ui/printable.js";
import { didYouMean } from "../ui/suggest.js";
import { expectShallow } from "./depth.js";

/** Largest size: layers allocate tables when they are built, and wrong sizes must not exhaust the memory. */
const LARGEST = 65_536;
const size = z.number().int().positive().max(LARGEST);
const shape = z.array(z.number().int().positive()).min(1);
const pair = z.union([size, z.tuple([size, size])]);
const option = z.exactOptional;
const order = z.array(z.number().int().nonnegative());
const count = z.number().int().nonnegative().max(LARGEST);
const amount = option(count);
/** Numbers, or the name of an array in the weights file. */
const numbers = z.union([z.array(z.number()), z.string().min(1)]);
const weights = option(z.strictObject({ weight: numbers, bias: option(numbers) }));
/** Padding of each side, or one number for all sides. */
const around = z.union([count, z.strictObject({ top: amount, bottom: amount, left: amount, right: amount })]);

type Kind = NetworkLayer["kind"];

/** The options of every kind of layer in a file. */
const layerOptions = {
  dequantize: { levels: option(size) },
  variationalDequantize: { levels: option(size), bins: option(size), hidden: option(size) },
  flatten: {},
  reshape: { shape },
  permute: { order },
  transpose: { order },
  pad: { top: amount, bottom: amount, left: amount, right: amount },
  permuteChannels: { order: option(order), seed: option(z.number().int()) },
  squeeze: {},
  unsqueeze: {},
  actnorm: {},
  affine: { scale: option(numbers), shift: option(numbers) },
  split: { leaving: option(size) },
  whiten: { scaled: option(z.boolean()), shrinkage: option(z.number().min(0).lt(1)) },
  marginal: {
    bins: option(size),
    bound: option(z.number().positive()),
    per: option(z.enum(["entry", "channel"])),
  },
  conv2d: {
    out: size,
    kernel: pair,
    stride: option(pair),
    dilation: option(pair),
    padding: option(
      z.union([
        z.literal("fit"),
        count,
        z.strictObject({ top: amount, bottom: amount, left: amount, right: amount }),
      ]),
    ),
    groups: option(size),
    weights,
  },
  conv1d: {
    out: size,
    kernel: size,
    stride: option(size),
    dilation: option(size),
    padding: option(z.union([z.literal("fit"), count, z.strictObject({ left: amount, right: amount })])),
    groups: option(size),
    weights,
  },
  maxPool2d: { kernel: pair, stride: option(pair), dilation: option(pair), padding: option(around) },
  avgPool2d: {
    kernel: pair,
    stride: option(pair),
    padding: option(around),
    countPadding: option(z.boolean()),
  },
  branches: {
    branches: z.array(z.array(z.lazy((): z.ZodType<LayerDescription> => layerSchema))),
    join: z.enum(["add", "concat"]),
    axis: option(z.number().int().nonnegative()),
  },
  coupling: {
    stack: size.max(1000),
    bins: option(size),
    bound: option(z.number().positive()),
    hidden: option(size),
  },
  linear: { out: size, weights },
  relu: {},
  clip: { min: option(z.number()), max: option(z.number()) },
  leakyRelu: { slope: option(z.number().positive()) },
  prelu: { slope: option(z.union([z.number().positive(), z.array(z.number().positive())])) },
  sigmoid: {},
  tanh: {},
  softplus: {},
  softsign: {},
  elu: { alpha: option(z.number().positive()) },
  celu: { alpha: option(z.number().positive()) },
  selu: {},
  rqSpline: { bins: option(size), bound: option(z.number().positive()) },
} as const satisfies { [K in Kind]: z.ZodRawShape };

const kinds = Object.keys(layerOptions) as Kind[];

const layerOf = <K extends Kind>(kind: K) => z.strictObject({ kind: z.literal(kind), ...layerOptions[kind] });

type LayerSchema = { [K in Kind]: ReturnType<typeof layerOf<K>> }[Kind];

const layerSchema = z.discriminatedUnion(
  "kind",
  kinds.map(layerOf) as unknown as [LayerSchema, ...LayerSchema[]],
);

/** A layer inside a branch: like those outside; TypeScript cannot infer this recursive type. */
type LayerDescription = Readonly<{ kind: Kind }>;

/**
 * An ordinary network as JSON: the shape of one example, [C, H, W] for an image, the layers in order, and for layers
 * with weights the name of a safetensors file in the same folder.
 */
export const networkSchema = z.strictObject({
  name: option(z.string().min(1)),
  weights: option(z.string().regex(/^[\w.-]+$/, "expected the name of a file in the same folder")),
  inShape: shape,
  layers: z.array(layerSchema).min(1),
});

export type NetworkDescription = z.infer<typeof networkSchema>;

/**
 * The network that a JSON document describes. Building the flow checks that the layers fit each other.
 *
 * @param path how messages call the document
 * @throws UsageError with the position for a document that is not a network; DataError for too deep nesting
 */
export function parseNetwork(path: string, json: unknown): NetworkDescription {
  expectShallow(path, json);
  const result = networkSchema.safeParse(json);
  if (result.success) return result.data;
  const problems = printable(result.error.issues.map((issue) => describeIssue(issue, json)).join("; "));
  throw new UsageError(
    `${path}: not the description of a network: ${problems}\nexpected { "inShape": [C, H, W], "layers": [{ "kind": … }, …] } with the kinds ${kinds.join(", ")}`,
  );
}

/** `layers[2].kind: unknown kind "liner"; did you mean "linear"?` */
function describeIssue({ path, code, message }: z.core.$ZodIssue, json: unknown): string {
  const place = path.reduce<string>(
    (text, key) =>
      typeof key === "number" ? `${text}[${key}]` : text === "" ? String(key) : `${text}.${String(key)}`,
    "",
  );
  const value = path.reduce<unknown>(
    (at, key) => (at as { readonly [key: PropertyKey]: unknown } | undefined)?.[key],
    json,
  );
  if (code === "invalid_union" && path.at(-1) === "kind" && typeof value === "string") {
    return `${place}: unknown kind "${value}"${didYouMean(value, kinds)}`;
  }
  return `${place || "it"}: ${message}`;
}
