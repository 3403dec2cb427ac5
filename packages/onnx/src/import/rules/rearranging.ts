import type { OrdinaryLayer } from "@flowify/core/internal";
import { type Shape, sizeOf } from "@flowify/core/layer";
import type { Imported, ImportRule, OpCall } from "../call.js";
import { located } from "../data.js";
import { axesOf, flattened, reshapeTarget, squeezed, unsqueezed, wholeNumbers } from "../shapes.js";
import type { Tensor } from "../tensor.js";
import { affine } from "./elementwise.js";
import { taking, withoutAxes } from "./selecting.js";

/** The same entries in the same order, with these sizes. */
const reshaped = (call: OpCall, shape: readonly number[]): Imported => {
  const { full, batched, moved } = call.first;
  if (batched && full[0] !== 1 && shape[0] !== full[0])
    throw call.unsupported(
      `it turns [${full.join(", ")}] into [${shape.join(", ")}], which mixes the examples of a batch; export the file with a batch of 1`,
    );
  const { example } = located(shape, batched ? full[0]! : 1);
  return { layers: [{ kind: "reshape", shape: moved === undefined ? example : shape }], shape };
};

const axesInput = (call: OpCall): readonly number[] | undefined => {
  const axes = call.option(1, "axes");
  return axes ? wholeNumbers(call.node, axes) : call.ints("axes");
};

const reshape: ImportRule = (call) => {
  const wanted = call.option(1, "shape");
  const sizes = wanted ? wholeNumbers(call.node, wanted) : (call.ints("shape") ?? []);
  return reshaped(call, reshapeTarget(call.node, call.first.full, sizes));
};

const transpose: ImportRule = (call) => {
  const { full, batched, moved, outer = 1 } = call.first;
  const order = call.ints("perm") ?? full.map((_, i) => full.length - 1 - i);
  if ([...order].sort((a, b) => a - b).join() !== full.map((_, i) => i).join())
    throw call.misfit(`[${order.join(", ")}] is not a permutation of ${full.length} axes`);
  const shape = order.map((axis) => full[axis]!);
  if (batched && order[0] === 0)
    return { layers: [{ kind: "transpose", order: order.slice(1).map((axis) => axis - 1) }], shape };
  if (batched && full[0] !== 1)
    throw call.unsupported("it moves the batch axis; export the file with a batch of 1");
  const before = moved ?? (batched ? 0 : -1);
  const at = call.openBatch ? order.indexOf(before) : -1;
  const isBehind = at > 0 || (at === 0 && outer > 1);
  const inFront = !isBehind && shape[0] === 1;
  return {
    layers: [
      { kind: "reshape", shape: full },
      { kind: "transpose", order },
      { kind: "reshape", shape: inFront ? shape.slice(1) : shape },
    ],
    shape,
    ...(isBehind && { moved: at }),
  };
};

/** Constants before and after the entries of an axis. */
function extended(shape: Shape, axis: number, [before, after]: readonly [number, number]): OrdinaryLayer[] {
  const size = shape[axis]!;
  const sides = { ...(before > 0 && { top: before }), ...(after > 0 && { bottom: after }) };
  const wide = shape.map((n, i) => (i === axis ? n + before + after : n));
  return [
    { kind: "reshape", shape: [sizeOf(shape.slice(0, axis)), size, sizeOf(shape.slice(axis + 1))] },
    { kind: "pad", ...sides },
    { kind: "reshape", shape: wide },
  ];
}

const pad: ImportRule = (call) => {
  const { full, example, batched } = call.first;
  const given = call.option(1, "pads");
  const pads = given ? wholeNumbers(call.node, given) : (call.ints("pads") ?? call.ints("paddings") ?? []);
  const axesGiven = call.option(3, "axes");
  const axes = axesOf(
    call.node,
    axesGiven ? wholeNumbers(call.node, axesGiven) : full.map((_, i) => i),
    full.length,
  );
  if (new Set(axes).size < axes.length) throw call.misfit(`pads an axis twice, [${axes.join(", ")}]`);
  if (pads.length !== 2 * axes.length)
    throw call.misfit(`${pads.length} pads for ${axes.length} axes, expected two for each`);
  const mode = call.string("mode") ?? "constant";
  const amounts = axes.map((axis, i) => ({ axis, before: pads[i]!, after: pads[i + axes.length]! }));
  const wanted = amounts.filter(({ before, after }) => before !== 0 || after !== 0);
  if (wanted.length === 0) return [];
  if (mode !== "constant" || wanted.some(({ before, after }) => before < 0 || after < 0))
    return repeating(call, mode, wanted);
  const value = call.option(2, "value")?.data[0] ?? call.float("value") ?? 0;
  const shape = [...example];
  const layers = wanted.flatMap(({ axis: fileAxis, before, after }) => {
    const axis = call.axis(fileAxis);
    const own = extended(shape, axis, [before, after]);
    shape[axis]! += before + after;
    return own;
  });
  const image = wanted.every(({ axis }) => call.axis(axis) > 0) && example.length === 3;
  const sides = image ? [padImage(call, wanted)] : layers;
  const shifted = (by: number): OrdinaryLayer[] =>
    value === 0 ? [] : [affine(undefined, Float64Array.of(by * value))];
  return { layers: [...shifted(-1), ...sides, ...shifted(1)], shape: batched ? [full[0]!, ...shape] : shape };
};

/** The entry that stands at a place beyond an axis of this size. */
const beyond: { readonly [mode: string]: (at: number, size: number) => number } = {
  reflect(at, size) {
    const period = Math.max(2 * (size - 1), 1);
    const folded = ((at % period) + period) % period;
    return Math.min(folded, period - folded);
  },
  edge: (at, size) => Math.min(Math.max(at, 0), size - 1),
  wrap: (at, size) => ((at % size) + size) % size,
};

/** Padding with entries of the data, and crops. */
function repeating(call: OpCall, mode: string, amounts: readonly Amount[]): Imported {
  const entry = Object.hasOwn(beyond, mode) ? beyond[mode] : undefined;
  const grows = amounts.some(({ before, after }) => before > 0 || after > 0);
  if (mode === "constant" ? grows : !entry)
    throw call.unsupported(
      mode === "constant"
        ? "it both pads and crops; write it as two nodes"
        : `it pads by ${mode}; expected ${Object.keys(beyond).join(", ")} or a constant`,
    );
  const taken = amounts.map(({ axis: fileAxis, before, after }) => {
    const axis = call.axis(fileAxis);
    const size = call.inShape[axis]!;
    const places = Array.from({ length: Math.max(size + before + after, 0) }, (_, i) => i - before);
    return { axis, indices: entry ? places.map((at) => entry(at, size)) : places };
  });
  return taking(call, call.inShape, taken);
}

type Amount = Readonly<{ axis: number; before: number; after: number }>;

/** The common case, rows and columns of an image, as one layer. */
function padImage(call: OpCall, wanted: readonly Amount[]): OrdinaryLayer {
  const along = (axis: number): Amount | undefined => wanted.find((each) => call.axis(each.axis) === axis);
  const [rows, columns] = [along(1), along(2)];
  return {
    kind: "pad",
    ...(rows && { top: rows.before, bottom: rows.after }),
    ...(columns && { left: columns.before, right: columns.after }),
  };
}

/** Concatenated data; constants among them extend an axis. */
const concat: ImportRule = (call) => {
  const axis = call.axis(call.int("axis") ?? (call.opset < 4 ? 1 : 0));
  const parts: { example: Shape; before: Tensor[]; after: Tensor[] }[] = [];
  const waiting: Tensor[] = [];
  for (const input of call.inputs) {
    if (input === undefined) throw call.misfit("an input is missing");
    if ("full" in input) parts.push({ example: input.example, before: waiting.splice(0), after: [] });
    else (parts.at(-1)?.after ?? waiting).push(input);
  }
  const rest = (shape: Shape): string => shape.map((n, i) => (i === axis ? "" : n)).join();
  const { example } = parts[0]!;
  const constants = parts.flatMap(({ before, after }) => [...before, ...after]);
  const lead = call.first.batched ? 1 : 0;
  const misfit =
    parts.find((part) => part.example.length !== example.length || rest(part.example) !== rest(example))
      ?.example ??
    constants.find(
      ({ shape }) =>
        rest(shape.slice(lead)) !== rest(example) || (lead > 0 && shape[0] !== call.first.full[0]),
    )?.shape;
  if (misfit) throw call.misfit(`[${misfit.join(", ")}] does not fit [${example.join(", ")}]`);
  if (lead > 0 && call.first.full[0] !== 1 && constants.length > 0)
    throw call.unsupported("it joins constants to a batch; export the file with a batch of 1");
  const front = parts.map((part) => besideConstants(call, part, axis));
  const size = parts.reduce((sum, part) => sum + part.example[axis]!, 0);
  const added = constants.reduce((sum, { shape }) => sum + shape[axis + lead]!, 0);
  const shape = call.first.full.map((n, i) => (i === axis + lead ? size + added : n));
  if (parts.length === 1) return { layers: front[0]!, shape };
  return { layers: [], join: { how: "concat", axis, front }, shape };
};

function besideConstants(
  call: OpCall,
  { example, before, after }: { example: Shape; before: Tensor[]; after: Tensor[] },
  axis: number,
): OrdinaryLayer[] {
  if (before.length + after.length === 0) return [];
  const lead = call.first.batched ? 1 : 0;
  const along = (tensors: readonly Tensor[]): number =>
    tensors.reduce((sum, { shape }) => sum + shape[axis + lead]!, 0);
  const amounts = [along(before), along(after)] as const;
  const layers = extended(example, axis, amounts);
  const constants = [...before, ...after];
  if (constants.every(({ data }) => data.every((value) => value === 0))) return layers;
  const shape = example.map((n, i) => (i === axis ? n + amounts[0] + amounts[1] : n));
  return [...layers, affine(undefined, laidOut(shape, axis, example[axis]!, before, after))];
}

/** The constants at their positions, zero at those of data. */
function laidOut(
  shape: Shape,
  axis: number,
  size: number,
  before: readonly Tensor[],
  after: readonly Tensor[],
): Float64Array {
  const values = new Float64Array(sizeOf(shape));
  const rows = sizeOf(shape.slice(0, axis));
  const block = sizeOf(shape.slice(axis + 1));
  let to = 0;
  const put = (tensor: Tensor, row: number): void => {
    const length = tensor.data.length / rows;
    values.set(tensor.data.subarray(row * length, (row + 1) * length), to);
    to += length;
  };
  for (let row = 0; row < rows; row++) {
    for (const tensor of before) put(tensor, row);
    to += size * block;
    for (const tensor of after) put(tensor, row);
  }
  return values;
}

const unchanged: ImportRule = () => [];

/** A cast between floating point types has no effect; a cast to integers rounds entries. */
const cast: ImportRule = (call) => {
  const to = call.int("to");
  if (to === 1 || to === 10 || to === 11 || to === 16) return [];
  throw call.unsupported("it rounds the data to integers, which no layer does");
};

export const rearrangingRules: { readonly [op: string]: ImportRule } = {
  Reshape: reshape,
  Flatten: (call) => reshaped(call, flattened(call.node, call.first.full)),
  Squeeze: (call) => {
    const shape = squeezed(call.node, call.first.full, axesInput(call));
    return call.first.moved === undefined
      ? reshaped(call, shape)
      : withoutAxes(call, axesInput(call) ?? [], shape);
  },
  Unsqueeze: (call) => reshaped(call, unsqueezed(call.node, call.first.full, axesInput(call) ?? [])),
  Transpose: transpose,
  Identity: unchanged,
  Dropout: unchanged,
  Cast: cast,
  Pad: pad,
  Concat: concat,
};
