import type { BaseOptions, Condition, EmbeddingOptions } from "../condition.js";
import { UsageError } from "../errors.js";
import type { PlainKind } from "../layers/kind.js";
import type * as kinds from "../layers/kinds.js";
import type { InnerLayer, Options } from "../options.js";
import type { Shape } from "../shape.js";

type Kinds = (typeof kinds)[keyof typeof kinds];

/** A description with the type of the layers inside of it, `Self["layer"]`: in a record, so that it can be its own. */
type Filled<O, Self extends { layer: unknown }> = {
  [N in keyof O]: O[N] extends readonly (readonly InnerLayer[])[]
    ? readonly (readonly Self["layer"][])[]
    : O[N] extends readonly InnerLayer[]
      ? readonly Self["layer"][]
      : O[N];
};

/** A layer of one of these kinds, as data. */
type Layer<K extends Kinds, Self extends { layer: unknown }> = {
  [N in K["kind"]]: Filled<Readonly<{ kind: N }> & Options<Extract<K, { kind: N }>["options"]>, Self>;
}[K["kind"]];

/** One layer of a network, as data: `{ kind: "linear", out: 64 }`. Sizes of its input are inferred. */
export type NetworkLayer = Layer<Kinds, { layer: NetworkLayer }>;

/**
 * A layer of an ordinary network, which has a value without any flow: what pretrained networks are made of. All
 * other kinds exist in flows only.
 */
export type OrdinaryLayer = Layer<Extract<Kinds, PlainKind>, { layer: OrdinaryLayer }>;

type NetworkOf<L> = Readonly<{
  name?: string;
  inShape: Shape;
  layers: readonly L[];
  /** What the density is conditional on, and the network that it goes through first. Default: nothing. */
  condition?: Condition;
  embedding?: EmbeddingOptions;
  /** With `{ conditional: true }` the base is N(m(c), e^2s(c)), the line at the end that `conditionalAffine` is. Default N(0, 1). */
  base?: BaseOptions;
  /**
   * The condition [m] is a function of x, as what a given network returns. Layers see it with noise, whose standard deviation is
   * this share of the spread of each output, and samples draw it from the density that these layers make. log p(x) is then that of
   * x alone, a bound. Default: the condition is given.
   */
  outputs?: Readonly<{ noise: number; layers: readonly NetworkLayer[] }>;
}>;

/** A network: the shape of one example, and its layers in order. */
export type Network = NetworkOf<NetworkLayer>;

/** A network whose layers all have a value without any flow. */
export type OrdinaryNetwork = NetworkOf<OrdinaryLayer>;

/** @throws UsageError for anything else than a network, before its parts are used */
export function expectNetwork(where: string, network: Network): void {
  if (!Array.isArray(network?.layers) || !Array.isArray(network.inShape))
    throw new UsageError(
      `${where}: expected a network { inShape, layers }, found ${JSON.stringify(network)}`,
    );
}
