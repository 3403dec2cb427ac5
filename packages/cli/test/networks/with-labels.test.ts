import { expect, it } from "vitest";
import type { DataSet } from "../../src/data/image-set.js";
import { flowOf } from "../../src/networks/choose.js";
import { endInNormals, withLabels } from "../../src/networks/with-labels.js";

const labelled = (shape: readonly [number, number, number], count = 10): DataSet => ({
  name: "digits",
  split: "train",
  count,
  hash: "",
  shape,
  images: new Uint8Array(count * shape[0] * shape[1] * shape[2]),
  labels: Uint8Array.from({ length: count }, (_, i) => i % 10),
});
const layersOf = (name: string, shape: readonly [number, number, number] = [1, 28, 28]) =>
  withLabels({ name }, labelled(shape)).description?.layers ?? [];
const mixture = { kind: "gaussianMixture", components: 40, kept: 0 };

it.each(["mnist/fconv2", "mnist/fconv2-nsf", "mnist/fmlp"])(
  "%s keeps its layers down to 512 numbers; couplings of all of them and a mixture by class take the place of the others",
  (name) => {
    const made = withLabels({ name }, labelled([1, 28, 28]));
    const { layers = [] } = made.description ?? {};
    expect(layers.at(-1)).toEqual(mixture);
    expect(layers.filter(({ kind }) => kind === "linear").at(-1)).toMatchObject({ out: 128 });
    const at = layers.findIndex(({ kind }) => kind === "permuteChannels");
    const pairs = [
      "permuteChannels",
      "coupling",
      "permuteChannels",
      "coupling",
      "permuteChannels",
      "coupling",
    ];
    expect(layers.slice(-8).map(({ kind }) => kind)).toEqual(pairs.concat("linear", "gaussianMixture"));
    expect(at).toBeGreaterThan(0);
    const { chain } = flowOf(made, {});
    const sizes = chain.layers.map(({ outShape }) => outShape.reduce((a, b) => a * b, 1));
    expect(sizes.slice(0, -2).every((size) => size >= 512)).toBe(true);
    expect(sizes.slice(-2)).toEqual([128, 0]);
  },
);

it("leaves the layers of a network alone that ends in a mixture, or has few numbers", () => {
  const whole = layersOf("mnist/transformer");
  expect(whole.slice(-2)).toEqual([{ kind: "linear", out: 64, hidden: [256] }, mixture]);
  const description = {
    inShape: [1, 4, 4],
    layers: [
      { kind: "dequantize" as const },
      { kind: "flatten" as const },
      { kind: "linear" as const, out: 8 },
    ],
  };
  const few = withLabels({ name: "few", description }, labelled([1, 4, 4]));
  expect(few.description?.layers.map(({ kind }) => kind)).toEqual([
    "dequantize",
    "flatten",
    "gaussianMixture",
  ]);
});

it("has four normals for each class, and eight from 1,000 images of a class on", () => {
  const network = (count: number) =>
    withLabels({ name: "mnist/transformer" }, labelled([1, 2, 2], count)).description;
  expect(network(9990)?.layers.at(-1)).toEqual(mixture);
  expect(network(10000)?.layers.at(-1)).toEqual({ ...mixture, components: 80 });
});

it.each([
  [1024, ["whiten", "gaussianMixture"]],
  [1025, ["whiten"]],
])("of vectors of %i numbers the layers are %j: whole covariances are of 1,024 at most", (size, kinds) => {
  const layers = endInNormals({ inShape: [size], layers: [{ kind: "whiten" }] }, 4);
  expect(layers.map(({ kind }) => kind)).toEqual(kinds);
});
