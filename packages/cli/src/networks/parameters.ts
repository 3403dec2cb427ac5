import { type Flow, zoo } from "@flowify/core";
import { parameterList, sizeOf } from "@flowify/core/layer";
import { flowOf } from "./choose.js";
import type { ChosenNetwork } from "./weights.js";

type Parameter = ReturnType<typeof parameterList>[number];

/** Parameter counts of the authors' networks, by their own count. Source: Flowification, appendix. */
const paperParameters: Readonly<Record<string, number>> = {
  "mnist/fmlp": 5_496_529,
  "mnist/fconv1": 1_936_354,
  "mnist/fconv1-nsf": 3_065_270,
  "mnist/fconv2": 1_676_713,
  "mnist/fconv2-nsf": 2_714_197,
};

const countOf = ({ shape }: Parameter): number => sizeOf(shape);

const moving = (flow: Flow): Parameter[] => parameterList(flow).filter(({ kind }) => kind !== "fixed");

/** Number of trainable parameters of every layer. */
export function parametersByLayer(flow: Flow): number[] {
  const counts = flow.chain.layers.map(() => 0);
  for (const parameter of moving(flow)) counts[Number.parseInt(parameter.path, 10)]! += countOf(parameter);
  return counts;
}

export const countParameters = (flow: Flow): number =>
  parametersByLayer(flow).reduce((sum, count) => sum + count, 0);

/** The authors' parameter count, and named terms that sum to the difference from ours. */
export type PaperCount = Readonly<{
  parameters: number;
  differences: readonly Readonly<{ what: string; parameters: number }>[];
}>;

/** The authors' count and the differences; undefined without a count of theirs. */
export function paperCount(network: ChosenNetwork, flow: Flow): PaperCount | undefined {
  const base = network.name.replace(/:paper$/, "");
  const parameters =
    network.description || !Object.hasOwn(paperParameters, base) ? undefined : paperParameters[base];
  if (parameters === undefined) return undefined;
  // the paper's network has one layer in place of all layers in front
  const inFront = zoo(network.name).layers.length - zoo(`${base}:paper`).layers.length + 1;
  const isInFront = ({ path }: Parameter): boolean => Number.parseInt(path, 10) < inFront;
  const gaussian = flowOf(network, { density: "gaussian" });
  const ours = moving(gaussian);
  const scales = ours.filter(({ path }) => path.endsWith("logA")).length;
  const convolutions = gaussian.chain.layers.filter(({ name }) => name === "conv2d").length;
  const spline = ours
    .filter(({ path }) => gaussian.chain.layers[Number.parseInt(path, 10)]?.name === "rqSpline")
    .slice(0, 3)
    .reduce((sum, parameter) => sum + countOf(parameter), 0);
  const countInFront = (kind: string): number =>
    ours
      .filter(isInFront)
      .filter(({ path }) => gaussian.chain.layers[Number.parseInt(path, 10)]?.name === kind)
      .reduce((sum, parameter) => sum + countOf(parameter), 0);
  const named = [
    { what: "learned dequantization", parameters: countInFront("variationalDequantize") },
    { what: "a spline for each pixel in front", parameters: countInFront("marginal") },
    { what: "couplings in front", parameters: countInFront("coupling") },
    { what: "mixtures in place of Gaussians", parameters: countParameters(flow) - countParameters(gaussian) },
    {
      what: "unused noise scales of pads and tiles in the authors' convolutions",
      parameters: scales - 2 * convolutions,
    },
    // The dense network agrees exactly; each convolutional one has 29 numbers less, the size of one spline.
    {
      what: "one more shared spline in the authors' convolutional networks",
      parameters: convolutions > 0 ? -spline : 0,
    },
  ];
  const difference = countParameters(flow) - parameters;
  const rest = difference - named.reduce((sum, term) => sum + term.parameters, 0);
  const differences = [...named, { what: "something else", parameters: rest }];
  return { parameters, differences: differences.filter((term) => term.parameters !== 0) };
}
