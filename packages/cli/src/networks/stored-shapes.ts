import { FlowifyError, type NetworkLayer, ShapeError } from "@flowify/core";
import { flowShape } from "@flowify/core/internal";
import { type Shape, sizeOf } from "@flowify/core/layer";
import { valueAt } from "../places.js";

/** The numbers of a layer: arrays, or the names of arrays in a file. */
type Holder = Readonly<{
  kind: string;
  out?: number;
  kernel?: number | readonly number[];
  weights?: Readonly<{ weight: unknown; bias?: unknown }>;
  scale?: unknown;
  shift?: unknown;
  branches?: readonly (readonly Holder[])[];
}>;

const show = (shape: Shape): string => `[${shape.join(", ")}]`;

/**
 * The shape of a weight with this many numbers: [out, in], for a convolution [out, in / groups, …kernel]; one axis if
 * the count does not match.
 */
export function weightShape({ kind, out = 1, kernel = [] }: Holder, count: number): Shape {
  const sides = typeof kernel === "number" ? [kernel] : kernel;
  const space = kind === "conv2d" && sides.length === 1 ? [...sides, ...sides] : sides;
  const ins = count / out / sizeOf(space);
  return Number.isInteger(ins) ? [out, ins, ...space] : [count];
}

/**
 * Compares the shapes of the arrays in a file with those of the layers. The same count in another shape means another
 * order: a transposed weight is a different function. An array with one axis is accepted as numbers in the layer's
 * order, as earlier versions wrote them.
 *
 * @param layers the layers with the names of their arrays; `numbers` are the same with the arrays
 * @param inShape of an example before these layers, if known
 * @throws ShapeError that names the array, both shapes and the file
 */
export function expectStoredShapes(
  layers: readonly Holder[],
  numbers: readonly Holder[],
  inShape: Shape | undefined,
  tensors: { readonly [name: string]: Readonly<{ shape: Shape }> },
  file: string,
): void {
  let shape = inShape;
  layers.forEach((layer, i) => {
    const held: readonly (readonly [unknown, (count: number) => readonly Shape[]])[] = [
      [layer.weights?.weight, (count) => [weightShape(layer, count)]],
      [layer.weights?.bias, (count) => [[layer.out ?? count]]],
      [layer.scale, (count) => perExample(count, shape)],
      [layer.shift, (count) => perExample(count, shape)],
    ];
    for (const [name, allowed] of held) {
      const stored = typeof name === "string" ? tensors[name]?.shape : undefined;
      if (stored && stored.length > 1 && sizeOf(stored) > 1)
        expectOneOf(stored, allowed(sizeOf(stored)), `${JSON.stringify(name)} in ${file}`, layer);
    }
    const own = valueAt(numbers, i);
    layer.branches?.forEach((branch, k) =>
      expectStoredShapes(branch, own.branches?.[k] ?? [], shape, tensors, file),
    );
    shape = shapeAfter(own, shape);
  });
}

/** For an affine layer: one number per channel, the first axis of an example, or one per entry. */
function perExample(count: number, inShape?: Shape): readonly Shape[] {
  const [channels, ...others] = inShape ?? [];
  const perChannel = count === channels ? [[count, ...others.map(() => 1)]] : [];
  return [[count], ...perChannel, ...(inShape ? [inShape] : [])];
}

function expectOneOf(stored: Shape, allowed: readonly Shape[], what: string, { kind }: Holder): void {
  if (allowed.some((shape) => show(shape) === show(stored))) return;
  throw new ShapeError(
    `the array ${what} is ${show(stored)}, its layer (${kind}) expects ${allowed.map(show).join(" or ")}\nbring its axes into that order and save it again`,
  );
}

/** The shape of a layer's output; undefined if unknown. */
function shapeAfter(layer: Holder, shape: Shape | undefined): Shape | undefined {
  try {
    return shape && flowShape([layer as NetworkLayer], shape);
  } catch (error) {
    if (!(error instanceof FlowifyError)) throw error;
    return undefined; // it does not fit: the flow says so when it is built
  }
}
