/** The catalog's layers around functions, described as networks do. */

import { normalResidual } from "../src/densities/residual.js";
import { flowify } from "../src/flowify.js";
import { nth } from "../src/lists.js";
import type { OrdinaryLayer } from "../src/network/network.js";
import type { Shape } from "../src/shape.js";
import { narrow } from "./support/densities.js";
import { type CatalogEntry, entry } from "./support/entry.js";

type Branches = Extract<OrdinaryLayer, { kind: "branches" }>;

/** A layer described as a network does. */
const described = (
  name: string,
  of: readonly string[],
  inShape: Shape,
  own: OrdinaryLayer,
  rest: Partial<CatalogEntry> = {},
) => {
  const network = { inShape, layers: [own] };
  const small = { density: narrow, residual: normalResidual };
  const layer = nth(flowify(network, { density: small }).chain.layers, 0);
  return entry(name, of, layer, { network, condition: 10, ...rest });
};

/** Branches of which one carries x. */
const carrying = (what: string, inShape: Shape, own: Omit<Branches, "kind">, rest?: Partial<CatalogEntry>) =>
  described(
    `branches, carried: ${what}`,
    ["branches", "append"],
    inShape,
    { kind: "branches", ...own },
    rest,
  );

const opaques: readonly CatalogEntry[] = [
  described("opaque: other numbers", ["opaque"], [3], {
    kind: "opaque",
    layers: [{ kind: "take", indices: [2, 0] }, { kind: "tanh" }],
  }),
  described("opaque: of rows, wider", ["opaque"], [2, 2], {
    kind: "opaque",
    layers: [
      { kind: "reshape", shape: [4] },
      { kind: "take", indices: [3, 1, 1, 0, 2] },
    ],
  }),
  described("opaque: two of four stay", ["opaque"], [4], {
    kind: "opaque",
    keep: 2,
    layers: [{ kind: "take", indices: [3, 1, 2] }, { kind: "sigmoid" }],
  }),
  ...(["abs", "cos", "erf", "log", "reciprocal", "sin", "sqrt", "square"] as const).map((name) =>
    described(`elementwise ${name}`, ["elementwise", "opaque"], [3], { kind: "elementwise", function: name }),
  ),
  described(
    "elementwise sin of an image",
    ["elementwise", "opaque"],
    [2, 2, 2],
    { kind: "elementwise", function: "sin" },
    { batch: 1 },
  ),
];

const carried: readonly CatalogEntry[] = [
  carrying("a residual connection", [3], { join: "add", branches: [[], [{ kind: "tanh" }]], carry: 0 }),
  carrying("three of two numbers added", [2], {
    join: "add",
    branches: [[{ kind: "tanh" }], [{ kind: "leakyRelu" }], [{ kind: "softsign" }]],
    carry: 1,
  }),
  carrying(
    "a gate of rows",
    [2, 3],
    { join: "multiply", branches: [[{ kind: "sigmoid" }], []], carry: 1 },
    { batch: 1 },
  ),
  carrying("images beside each other", [1, 2, 2], {
    join: "concat",
    axis: 1,
    branches: [[{ kind: "tanh" }], [], [{ kind: "take", indices: [0] }, { kind: "sigmoid" }]],
    carry: 1,
  }),
  carrying("a product of matrices", [2, 3], {
    join: "matmul",
    branches: [[{ kind: "tanh" }], [{ kind: "transpose", order: [1, 0] }]],
  }),
  carrying("an image, the density sees around", [1, 2, 3], {
    join: "add",
    branches: [[], [{ kind: "maxPool2d", kernel: 3, padding: 1 }]],
    carry: 0,
  }),
];

const apart = carrying("parts of x multiplied", [4, 2], {
  join: "multiply",
  branches: [[{ kind: "leakyRelu" }], [{ kind: "prelu", slope: [0.5, 2] }]],
  parts: [2, 2],
});

const unequal = carrying("parts of x of 1 and 2 beside each other", [3], {
  join: "concat",
  branches: [[], [{ kind: "take", indices: [1, 0] }]],
  parts: [1, 2],
});

export const functionLayers: readonly CatalogEntry[] = [
  ...carried,
  ...opaques,
  { ...apart, name: "branches: parts multiplied" },
  { ...unequal, name: "branches: parts beside each other" },
];
