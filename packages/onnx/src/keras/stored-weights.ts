import type { Hdf5 } from "./hdf5.js";
import type { KerasLayer, KerasWeights } from "./topology.js";

/**
 * The weights of an `.h5` model: those of a layer are in the group of its name, under the names in the group's
 * attribute `weight_names`. Keras 2 writes `dense/kernel:0`, Keras 3 `sequential/dense/kernel`. The group of a nested
 * model lists those of its layers.
 *
 * Source: `save_weights_to_hdf5_group` of keras/src/legacy/saving/legacy_h5_format.py
 */
export function weightsOfH5(file: Hdf5): KerasWeights {
  const names = new Map<string, readonly string[]>();
  return ({ place, name: full }, weight) => {
    const group = `/model_weights/${place.group}`;
    if (!names.has(group)) names.set(group, listed(file, group, "weight_names"));
    const own = `/${place.own}/${weight}`;
    const found = names.get(group)!.find((each) => {
      const plain = `/${each.replace(/:\d+$/, "")}`;
      return plain.endsWith(own) || (full === place.group && plain.endsWith(`/${weight}`));
    });
    return found === undefined ? undefined : file.weight(`${group}/${found}`);
  };
}

/** Names in an attribute, or in several numbered ones if they are many (`save_attributes_to_hdf5_group`). */
function listed(file: Hdf5, path: string, name: string): readonly string[] {
  const whole = file.texts(path, name);
  if (whole) return whole;
  const parts: string[] = [];
  for (let i = 0; ; i++) {
    const part = file.texts(path, `${name}${i}`);
    if (!part) return parts;
    parts.push(...part);
  }
}

/**
 * The weights of a `.keras` archive: the variables of a layer are numbered, the trainable ones first.
 *
 * Source: `_save_state` and `H5IOStore` of keras/src/saving/saving_lib.py, `save_own_variables` of
 * keras/src/layers/layer.py
 */
export const weightsOfArchive =
  (file: Hdf5): KerasWeights =>
  (layer, weight) => {
    const index = variablesOf(layer).indexOf(weight);
    return index < 0 ? undefined : file.weight(`/${layer.place.slot}/vars/${index}`);
  };

/** Names of the variables of the layers with rules; a switch of the configuration leaves one out. */
const variables: { readonly [className: string]: readonly string[] } = {
  Dense: ["kernel", "bias"],
  Conv1D: ["kernel", "bias"],
  Conv2D: ["kernel", "bias"],
  DepthwiseConv2D: ["kernel", "bias"],
  SeparableConv2D: ["depthwise_kernel", "pointwise_kernel", "bias"],
  BatchNormalization: ["gamma", "beta", "moving_mean", "moving_variance"],
  PReLU: ["alpha"],
  Normalization: ["mean", "variance", "count"],
};
const switches: { readonly [weight: string]: string } = { bias: "use_bias", gamma: "scale", beta: "center" };

const variablesOf = ({ className, config }: KerasLayer): readonly string[] =>
  (Object.hasOwn(variables, className) ? variables[className]! : []).filter(
    (name) => config[switches[name] ?? ""] !== false,
  );
