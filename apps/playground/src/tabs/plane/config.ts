import * as v from "valibot";
import { between, device, running, seed, whole } from "../../shell/schemas.js";

/** The layers of the editor. Their sizes are bounded, so that no address can request hours of computation. */
const layer = v.variant("kind", [
  v.strictObject({ kind: v.literal("linear"), out: whole(1, 8) }),
  v.strictObject({ kind: v.literal("coupling"), stack: whole(1, 8), hidden: v.optional(whole(4, 64), 32) }),
  v.strictObject({ kind: v.literal("rqSpline"), bins: v.optional(whole(2, 16), 8) }),
  v.strictObject({ kind: v.literal("leakyRelu"), slope: v.optional(between(0.05, 4), 0.5) }),
  v.strictObject({ kind: v.literal("prelu") }),
  v.strictObject({ kind: v.literal("relu") }),
  v.strictObject({ kind: v.literal("elu") }),
  v.strictObject({ kind: v.literal("softplus") }),
  v.strictObject({ kind: v.literal("tanh") }),
  v.strictObject({ kind: v.literal("actnorm") }),
  v.strictObject({ kind: v.literal("whiten") }),
]);

const MOST_LAYERS = 16;
/** Their names, with the numbers that they take. */
export const kinds = layer.options.map(({ entries: { kind, ...numbers } }) =>
  [kind.literal, ...Object.keys(numbers)].join(" "),
);

export const dataKinds = ["moons", "rings", "checkerboard", "spirals"] as const;

/** Drops a coordinate, adds one, or neither. */
export const presets = {
  couplings: [
    { kind: "coupling", stack: 2, hidden: 32 },
    { kind: "linear", out: 2 },
    { kind: "coupling", stack: 2, hidden: 32 },
  ],
  "2 to 1": [
    { kind: "linear", out: 2 },
    { kind: "rqSpline", bins: 8 },
    { kind: "linear", out: 2 },
    { kind: "rqSpline", bins: 8 },
    { kind: "linear", out: 1 },
    { kind: "rqSpline", bins: 8 },
  ],
  "2 to 3": [
    { kind: "linear", out: 3 },
    { kind: "coupling", stack: 2, hidden: 32 },
    { kind: "linear", out: 3 },
  ],
  "LeakyReLU net": [
    { kind: "linear", out: 2 },
    { kind: "leakyRelu", slope: 0.5 },
    { kind: "linear", out: 2 },
    { kind: "leakyRelu", slope: 0.5 },
    { kind: "linear", out: 2 },
    { kind: "leakyRelu", slope: 0.5 },
    { kind: "linear", out: 2 },
  ],
} as const satisfies Readonly<Record<string, readonly v.InferOutput<typeof layer>[]>>;

/** Configuration of the plane tab in the address. Every field has a default, and other fields are rejected. */
export const planeConfig = v.strictObject({
  data: v.optional(v.picklist(dataKinds), "moons"),
  layers: v.optional(v.pipe(v.array(layer), v.minLength(1), v.maxLength(MOST_LAYERS)), [
    ...presets.couplings,
  ]),
  density: v.optional(v.picklist(["mixture", "gaussian"]), "mixture"),
  learningRate: v.optional(between(1e-5, 100), 0.01),
  steps: v.optional(whole(1, 20_000), 2000),
  seed,
  device,
  /** Starts training when the tab opens. */
  running,
});

export type PlaneConfig = v.InferOutput<typeof planeConfig>;
export type PlaneLayer = v.InferOutput<typeof layer>;
