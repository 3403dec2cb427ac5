import type { OrdinaryLayer } from "@flowify/core/internal";
import { stringsAttribute } from "../attributes.js";
import type { Imported, ImportRule, OpCall } from "../call.js";
import { located } from "../data.js";
import { range } from "./along.js";
import { affine, elementwiseRules } from "./elementwise.js";

type Layers = readonly OrdinaryLayer[];

/** Sizes of a recurrence: steps, numbers of an input and of a state. */
type Sizes = Readonly<{ steps: number; inputs: number; hidden: number }>;

/** A gate, or a part of one: the weights of x, of h and the bias; without, zeros. */
type Part = Readonly<{ x?: Float64Array; h?: Float64Array; bias?: Float64Array }>;

/** One direction: the parts of its gates, its functions, and the states at first. */
type Direction = Readonly<{
  /** Number i of x and h; with `only`, of one of them. */
  gate(i: number, only?: "x" | "h"): Part;
  functions: readonly Layers[];
  first: Readonly<{ h: Float64Array; c: Float64Array }>;
}>;

/** What a step computes of (h, c, x): a line from parts, and the layers behind it that end in (h′, c′). */
type Cell = Readonly<{ line: readonly (Part | "h" | "c")[]; behind: Layers }>;

type Recurrence = Readonly<{
  /** Gates, functions by default, and states: h, or h and c. */
  gates: number;
  functions: readonly string[];
  states: readonly ("h" | "c")[];
  cell(direction: Direction, hidden: number, call: OpCall): Cell;
}>;

/** Branches of parts of these sizes. */
const of = (join: "add" | "multiply" | "concat", parts: readonly number[], ...branches: Layers[]) =>
  ({ kind: "branches", join, parts, branches }) as const satisfies OrdinaryLayer;

const ONE_MINUS = affine(Float64Array.of(-1), Float64Array.of(1));

const recurrences: { readonly [op: string]: Recurrence } = {
  RNN: {
    gates: 1,
    functions: ["Tanh"],
    states: ["h"],
    cell: ({ gate, functions: [f = []] }) => ({ line: [gate(0)], behind: f }),
  },
  // r, n, z: h′ = (1 − z) n + z h
  GRU: {
    gates: 3,
    functions: ["Sigmoid", "Tanh"],
    states: ["h"],
    cell({ gate, functions: [f = [], g = []] }, H, call) {
      const isAfter = call.int("linear_before_reset") === 1;
      const { h: weight = new Float64Array(H * H), bias } = gate(2, "h");
      const reset = of("multiply", [H, H], f, []);
      const inner: Layers = isAfter
        ? []
        : [{ kind: "linear", out: H, weights: { weight, ...(bias && { bias }) } }];
      const fresh = [of("add", [2 * H, H], [reset, ...inner], []), ...g];
      return {
        line: [gate(1), isAfter ? gate(2, "h") : "h", gate(2, "x"), gate(0), gate(0), "h"],
        behind: [
          of(
            "add",
            [4 * H, 2 * H],
            [of("multiply", [3 * H, H], fresh, [...f, ONE_MINUS])],
            [of("multiply", [H, H], f, [])],
          ),
        ],
      };
    },
  },
  // c′ = f c + i g, h′ = o tanh c′
  LSTM: {
    gates: 4,
    functions: ["Sigmoid", "Tanh", "Tanh"],
    states: ["h", "c"],
    cell({ gate, functions: [f = [], g = [], h = []] }, H) {
      const memory = of(
        "add",
        [2 * H, 2 * H],
        [of("multiply", [H, H], f, [])],
        [of("multiply", [H, H], f, g)],
      );
      const both: OrdinaryLayer = {
        kind: "branches",
        join: "concat",
        branches: [[of("multiply", [H, H], h, f)], [{ kind: "take", indices: range(H) }]],
      };
      return {
        line: [gate(2), "c", gate(0), gate(3), gate(1)],
        behind: [of("concat", [4 * H, H], [memory], []), both],
      };
    },
  },
};

/** A line [own] ↦ [parts · H]; at the first step of x alone, with the states at first in its bias. */
function lineOf(
  line: Cell["line"],
  { first }: Direction,
  { inputs, hidden: H }: Sizes,
  states: Recurrence["states"],
  isFirst: boolean,
): OrdinaryLayer {
  const offset = isFirst ? 0 : states.length * H;
  const own = offset + inputs;
  const weight = new Float64Array(line.length * H * own);
  const bias = new Float64Array(line.length * H);
  for (const [i, part] of line.entries())
    for (let row = 0; row < H; row++) {
      const [at, entry] = [(i * H + row) * own, i * H + row];
      if (typeof part === "string") {
        if (isFirst) bias[entry] = first[part][row]!;
        else weight[at + states.indexOf(part) * H + row] = 1;
        continue;
      }
      bias[entry] = part.bias?.[row] ?? 0;
      if (part.x) weight.set(part.x.subarray(row * inputs, (row + 1) * inputs), at + offset);
      const before = part.h?.subarray(row * H, (row + 1) * H);
      if (before && isFirst) bias[entry] += before.reduce((sum, w, k) => sum + w * first.h[k]!, 0);
      else if (before) weight.set(before, at);
    }
  const weights = { weight: Float32Array.from(weight), bias: Float32Array.from(bias) };
  return { kind: "linear", out: line.length * H, weights };
}

/**
 * The layers of one direction, from [steps, inputs] to its result: all h, or the last h or c. A step turns (h, c, x) of all
 * numbers into (h′, c′): a function of them, which drops them.
 */
function unrolled(
  { line, behind }: Cell,
  direction: Direction,
  sizes: Sizes,
  { states, wanted }: Readonly<{ states: Recurrence["states"]; wanted: "all" | "h" | "c" }>,
): Layers {
  const { steps, inputs, hidden: H } = sizes;
  const lines = [true, false].map((isFirst) => lineOf(line, direction, sizes, states, isFirst));
  const last: OrdinaryLayer = { kind: "take", indices: range(H, wanted === "c" ? H : 0) };
  const layers = range(steps).map((step): OrdinaryLayer => {
    const isFirst = step === 0;
    const ends: Layers = step === steps - 1 && states.length > 1 ? [last] : [];
    const keep = wanted === "all" && !isFirst ? { keep: H } : {};
    const cell: OrdinaryLayer = {
      kind: "opaque",
      layers: [lines[isFirst ? 0 : 1]!, ...behind, ...ends],
      ...keep,
    };
    const done = wanted === "all" ? Math.max(step - 1, 0) * H : 0;
    const own = (isFirst ? 0 : states.length * H) + inputs;
    const rest = (steps - 1 - step) * inputs;
    const parts = [done, own, rest];
    const branches = [[], [cell], []].filter((_, i) => parts[i]! > 0);
    return branches.length === 1
      ? cell
      : of(
          "concat",
          parts.filter((n) => n > 0),
          ...branches,
        );
  });
  return [{ kind: "reshape", shape: [steps * inputs] }, ...layers];
}

/** Functions of gates that have a layer. */
const FUNCTIONS = ["Sigmoid", "Tanh", "Relu", "Softsign", "Softplus"];

function functionsOf(call: OpCall, { functions }: Recurrence, directions: number): readonly Layers[] {
  const names = stringsAttribute(call.node, "activations") ?? range(directions).flatMap(() => functions);
  const unknown = names.find((name) => !FUNCTIONS.includes(name));
  if (unknown !== undefined || names.length !== directions * functions.length)
    throw call.unsupported(
      `its functions are ${names.join(", ")}; expected ${functions.length} of ${FUNCTIONS.join(", ")} in each direction`,
    );
  return names.map((name) => elementwiseRules[name]!(call) as Layers);
}

/** What only a part of all recurrences has. */
function expectUsual(call: OpCall, steps: number): void {
  const lengths = call.option(4, "lengths of sequences")?.data;
  if (lengths?.some((n) => n !== steps)) throw call.unsupported(`it reads less than all ${steps} steps`);
  const peepholes = call.node.op === "LSTM" ? call.numbersOption(7, "peepholes")?.data : undefined;
  if (peepholes?.some((weight) => weight !== 0)) throw call.unsupported("its gates see c, by peepholes");
  if (call.int("input_forget") === 1 || call.float("clip") !== undefined)
    throw call.unsupported("it couples or clips its gates (input_forget, clip)");
}

/** Rows of a constant by direction; undefined where it is missing. */
function perDirection(call: OpCall, i: number, what: string, directions: number, size: number) {
  const tensor = call.numbersOption(i, what);
  if (!tensor) return undefined;
  const { data, shape } = tensor;
  if (data.length !== directions * size)
    throw call.misfit(
      `its ${what} is [${shape.join(", ")}], expected ${size} numbers in each of ${directions} directions`,
    );
  return range(directions).map((d) => Float64Array.from(data.subarray(d * size, (d + 1) * size)));
}

/** Most weights of all steps together: each step holds its own. */
const MOST_WEIGHTS = 2 ** 26;
/** Most steps of all directions. */
const MOST_STEPS = 512;

/** @throws UnsupportedOpError unless the data are steps of one example */
function expectSteps(call: OpCall): void {
  const { full, batched, moved } = call.first;
  if (full.length !== 3) throw call.misfit(`data [${full.join(", ")}], expected three axes`);
  if (call.int("layout") === 1)
    throw call.unsupported("its batch comes first (layout 1), which ONNX Runtime does not run");
  const isApart = moved === undefined ? !batched || (full[0] === 1 && !call.openBatch) : moved === 1;
  if (!isApart || full[1] !== 1)
    throw call.unsupported(
      `its steps are axis 0 of [${full.join(", ")}], which is that of the batch in the file\nexport the network with the batch as first axis of its input (batch_first=True), or with a batch of 1`,
    );
}

const recurrent: ImportRule = (call): Imported => {
  const { op } = call.node;
  const own = recurrences[op]!;
  expectSteps(call);
  const [steps = 0, , inputs = 0] = call.first.full;
  const way = call.string("direction") ?? "forward";
  const ways = way === "bidirectional" ? ["forward", "reverse"] : [way];
  const D = ways.length;
  const H = call.int("hidden_size") ?? call.numbers(2, "recurrence weight").shape[2] ?? 0;
  const size = own.gates * H;
  expectUsual(call, steps);
  call.constant(1, "weight");
  call.constant(2, "recurrence weight");
  const [W, R] = [
    perDirection(call, 1, "weight", D, size * inputs)!,
    perDirection(call, 2, "recurrence weight", D, size * H)!,
  ];
  const B = perDirection(call, 3, "bias", D, 2 * size);
  const h = perDirection(call, 5, "initial state", D, H);
  const c = op === "LSTM" ? perDirection(call, 6, "initial state", D, H) : undefined;
  const weights = steps * D * size * (inputs + H);
  if (steps * D > MOST_STEPS || weights > MOST_WEIGHTS)
    throw call.unsupported(
      `its ${steps} steps${D > 1 ? " in two directions" : ""} become ${steps * D} layers with ${weights} weights; expected at most ${MOST_STEPS} and ${MOST_WEIGHTS}`,
    );
  const functions = functionsOf(call, own, D);
  const wanted = (["all", "h", "c"] as const)[call.output]!;
  const results = ways.map((each, d): Layers => {
    const direction: Direction = {
      gate(i, only) {
        const part = (from: Float64Array | undefined, n: number, start = 0) =>
          from?.subarray(start + i * H * n, start + (i + 1) * H * n);
        const [bx, bh] = [part(B?.[d], 1), part(B?.[d], 1, size)];
        const both = bx && bh && bx.map((value, k) => value + bh[k]!);
        const bias = only === "x" ? bx : only === "h" ? bh : both;
        return {
          ...(only !== "h" && { x: part(W[d], inputs)! }),
          ...(only !== "x" && { h: part(R[d], H)! }),
          ...(bias && { bias }),
        };
      },
      functions: functions.slice(d * own.functions.length, (d + 1) * own.functions.length),
      first: { h: h?.[d] ?? new Float64Array(H), c: c?.[d] ?? new Float64Array(H) },
    };
    const turned = (n: number): Layers =>
      each === "reverse"
        ? [
            { kind: "reshape", shape: [steps, n] },
            { kind: "take", indices: range(steps).reverse() },
          ]
        : [];
    const sizes = { steps, inputs, hidden: H };
    const layers = unrolled(own.cell(direction, H, call), direction, sizes, { states: own.states, wanted });
    const shape = wanted === "all" ? [steps, H] : [H];
    return [...turned(inputs), ...layers, ...(wanted === "all" ? turned(H) : []), { kind: "reshape", shape }];
  });
  const axis = wanted === "all" ? 1 : 0;
  const joined: Layers =
    D === 1 ? results[0]! : [{ kind: "branches", join: "concat", axis, branches: results, carry: 0 }];
  const at = wanted === "all" ? [steps, D] : [D];
  const shape = [...at, 1, H];
  const { moved } = call.first;
  const example = moved === undefined ? located(shape, 1).example : shape;
  return {
    layers: [...joined, { kind: "reshape", shape: example }],
    shape,
    ...(moved !== undefined && { moved: at.length }),
  };
};

export const recurrentRules: { readonly [op: string]: ImportRule } = {
  RNN: recurrent,
  GRU: recurrent,
  LSTM: recurrent,
};
