import * as z from "zod/mini";
import { startsByItself } from "../../ui/starts-by-itself.js";
import { backends } from "../../worker/backends.js";

const whole = (least: number, most: number) => z.int().check(z.minimum(least), z.maximum(most));
const between = (least: number, most: number) => z.number().check(z.minimum(least), z.maximum(most));

/** The layers of the editor. Their sizes are bounded, so that no address can request hours of computation. */
const layer = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("linear"), out: whole(1, 8) }),
  z.strictObject({ kind: z.literal("coupling"), stack: whole(1, 8), hidden: z._default(whole(4, 64), 32) }),
  z.strictObject({ kind: z.literal("rqSpline"), bins: z._default(whole(2, 16), 8) }),
  z.strictObject({ kind: z.literal("leakyRelu"), slope: z._default(between(0.05, 4), 0.5) }),
  z.strictObject({ kind: z.literal("prelu") }),
  z.strictObject({ kind: z.literal("relu") }),
  z.strictObject({ kind: z.literal("elu") }),
  z.strictObject({ kind: z.literal("softplus") }),
  z.strictObject({ kind: z.literal("tanh") }),
  z.strictObject({ kind: z.literal("actnorm") }),
  z.strictObject({ kind: z.literal("whiten") }),
]);

export const MOST_LAYERS = 16;

export const dataKinds = ["moons", "rings", "checkerboard", "spirals", "own"] as const;

/** The user's points in the address, in hundredths: x, y, x, y, … */
export const MOST_POINTS = 2000;
export const LARGEST_COORDINATE = 350;
const points = z.array(whole(-LARGEST_COORDINATE, LARGEST_COORDINATE)).check(z.maxLength(2 * MOST_POINTS));

/** An axis of points from a file: the name of the column, and value = mean + unit · coordinate. */
const axis = z.strictObject({
  name: z.string().check(z.maxLength(60)),
  mean: z.number(),
  unit: z.number().check(z.positive()),
});
export type PlaneAxis = z.infer<typeof axis>;

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
} as const satisfies Readonly<Record<string, readonly z.infer<typeof layer>[]>>;

/** Configuration of the plane tab in the address. Every field has a default, and other fields are rejected. */
export const planeConfig = z.strictObject({
  data: z._default(z.enum(dataKinds), "moons"),
  points: z._default(points, []),
  /** The axes of the points; none for drawn points. */
  axes: z._default(z.array(axis).check(z.maxLength(2)), []),
  layers: z._default(z.array(layer).check(z.minLength(1), z.maxLength(MOST_LAYERS)), [...presets.couplings]),
  density: z._default(z.enum(["mixture", "gaussian"]), "mixture"),
  learningRate: z._default(between(1e-5, 100), 0.01),
  steps: z._default(whole(1, 20_000), 2000),
  seed: z._default(whole(0, 999_999), 0),
  device: z._default(z.enum(backends), "auto"),
  /** Starts training when the tab opens. */
  running: z._default(z.boolean(), startsByItself),
});

export type PlaneConfig = z.infer<typeof planeConfig>;
export type PlaneLayer = z.infer<typeof layer>;
