import { numpy as np } from "@jax-js/jax";
import { ShapeError, UnsupportedOpError } from "../errors.js";
import { defineLayer, type FlowLayer } from "../layer.js";
import { splitKey } from "../math/keys.js";
import { softBound } from "../math/numerics.js";
import { expectSizes, type Shape, sizeOf } from "../shape.js";
import { type DenseParams, mlp } from "./mlp.js";

/** Soft bound of the number that a network adds to a parameter, such as a log-scale or the logit of a bin. */
const LIMIT = 6;

/** Parameters by name, and the network that adds to some of them where there is a condition. */
export type ConditionalParams = { [name: string]: np.Array | DenseParams[]; network?: DenseParams[] };

/** How parameters depend on a condition. */
export type ConditionalOptions = Readonly<{
  /** Numbers of a condition that the parameters depend on. Default none: the layer as it is. */
  condition?: number;
  /** Width of the two hidden layers of the network; 0 for none. Default 64. */
  hidden?: number;
}>;

/** The error of a layer whose coder would need a condition. */
export const notCoded = (name: string): UnsupportedOpError =>
  new UnsupportedOpError(name, name, `${name}: one with a condition cannot be coded without loss`);

/** Options of a layer of a network that says `conditional`. Errors: `ShapeError` where it sees no condition. */
export function seeing<O extends Readonly<{ conditional?: boolean }>>(
  name: string,
  { conditional = false, ...own }: O,
  context: Readonly<{ condition?: number }>,
): Omit<O, "conditional"> & ConditionalOptions {
  if (!conditional) return own;
  if (!context.condition)
    throw new ShapeError(
      `${name}: conditional needs a condition that it sees; say what it is with condition: { shape: [3] }`,
    );
  return { ...own, condition: context.condition };
}

/**
 * A layer with the parameters θ + h(c) in place of θ: each example has its own. h is a network of the condition c, softly bounded
 * by ± 6. Its last layer starts at zero: the layer starts as without a condition.
 *
 * Errors: `ShapeError` for a condition or width that is no size.
 *
 * @param layer its functions also take parameters [B, …] of each example
 * @param shapes those that depend on the condition
 */
export function conditional<P extends ConditionalParams>(
  layer: FlowLayer<P>,
  shapes: Readonly<Record<string, Shape>>,
  { condition = 0, hidden = 64 }: ConditionalOptions,
): FlowLayer<P> {
  if (condition === 0) return layer;
  expectSizes(layer.name, { condition });
  const names = Object.keys(shapes);
  const sizes = Object.values(shapes).map(sizeOf);
  const ends = sizes.map((_, i) => sizes.slice(0, i + 1).reduce((a, b) => a + b, 0));
  const net = mlp([condition, ...(hidden > 0 ? [hidden, hidden] : []), ends.at(-1) ?? 0]);
  const withNetwork = (own: P, key: np.Array): P => ({ ...own, network: net.init(key, { lastZero: true }) });
  /** The parameters of each example. Consumes both. */
  const at = ({ network, ...own }: P, given: np.Array | undefined): P => {
    const raw = softBound(net.apply(network as DenseParams[], given as np.Array), LIMIT);
    const added = np.split(raw, ends.slice(0, -1), 1);
    const moved = names.map((name, i) => [
      name,
      added[i]?.reshape([-1, ...(shapes[name] ?? [])]).add(own[name] as np.Array),
    ]);
    return { ...own, ...Object.fromEntries(moved) };
  };
  const { prepare: _, steps, ...facts } = layer.facts;
  const { initFromData } = layer;
  return defineLayer<P>({
    ...layer,
    condition: [condition],
    facts: {
      ...facts,
      ...(steps && {
        steps() {
          throw notCoded(layer.name);
        },
      }),
    },
    init(key) {
      const [own, other] = splitKey(key, 2);
      return withNetwork(layer.init(own), other);
    },
    ...(initFromData && {
      async initFromData(key, examples) {
        const [own, other] = splitKey(key, 2);
        return withNetwork(await initFromData(own, examples), other);
      },
    }),
    forward: (params, x, noise, given) => layer.forward(at(params, given), x, noise),
    inverse: (params, z, noise, given) => layer.inverse(at(params, given), z, noise),
  });
}
