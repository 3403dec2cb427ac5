import { gaussian, linear } from "@flowify/core/layers";
import { Tensor } from "./case.js";
import { type Builder, type Names, size, type TensorTree, torchLayers, zeros } from "./names.js";

export const linearBuilder: Builder = (spec, inShape, names) => {
  const [n, m] = [size(spec, "in"), size(spec, "out")];
  const dropped: TensorTree =
    n > m
      ? { network: torchLayers(names.below("funnel.X1_inv.p")), center: zeros(n - m), logUnit: zeros(n - m) }
      : {};
  return {
    type: "linear",
    layer: linear(n, m, {
      leading: inShape.slice(0, -1),
      orthogonal: "expm",
      augmentation: "uniform",
      density: (d, context) => gaussian(d, context, { limit: Number.POSITIVE_INFINITY }),
    }),
    params: {
      rotateIn: names.take("U1.a_mat"),
      rotateOut: names.take("U2.a_mat"),
      logScale: names.flat("funnel.logW"),
      bias: names.flat("b"),
      dropped,
    },
    ...(n < m && {
      forwardNoise: (noise: Names) => {
        const { shape, data } = noise.take("pad"); // on (−½, ½); ours on [0, 1)
        return {
          augmentation: new Tensor(
            shape,
            data.map((u) => u + 0.5),
          ),
        };
      },
    }),
    ...(n > m && { inverseNoise: (noise: Names) => ({ normal: noise.take("dropped") }) }),
  };
};
