type Named = Readonly<{ className: string; name: string; config: object }>;
type Shapes = {
  readonly batch_input_shape?: unknown;
  readonly batch_shape?: unknown;
  readonly layers?: unknown;
};

/** True for the classes of models that may stand as a layer of another. */
export const isModel = (className: string): boolean =>
  ["Sequential", "Functional", "Model"].includes(className);

/** The shape of the input that a first layer was built for, batch included; undefined if it does not say. */
export function firstShape(layer: Pick<Named, "config"> | undefined): unknown {
  for (let config: unknown = layer?.config, depth = 0; depth < 8; depth++) {
    if (typeof config !== "object" || config === null) return undefined;
    const { batch_input_shape: built, batch_shape: shape = built, layers } = config as Shapes;
    if (shape !== undefined || !Array.isArray(layers)) return shape ?? undefined;
    config = (layers[0] as { config?: unknown } | undefined)?.config;
  }
  return undefined;
}

/**
 * The groups of layers in the weights of a `.keras` file: the class in snake case, and from the second of a class on
 * its number. Source: `_save_container_state` of keras/src/saving/saving_lib.py, `to_snake_case` of
 * keras/src/utils/naming.py.
 */
export function slotNames(layers: readonly Named[]): ReadonlyMap<string, string> {
  const used = new Map<string, number>();
  return new Map(
    layers.map(({ className, name }) => {
      const slot = className
        .replace(/\W+/g, "")
        .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
        .replace(/([a-z])([A-Z])/g, "$1_$2")
        .toLowerCase();
      const count = used.get(slot) ?? 0;
      used.set(slot, count + 1);
      return [name, count === 0 ? slot : `${slot}_${count}`];
    }),
  );
}
