import { type Flow, parameterList, zoo } from "@flowify/core";
import type { Parameter } from "@flowify/core/internal";
import type { ChosenNetwork } from "../format/weights.js";
import { flowOf } from "./choose.js";

/** Numbers in the authors' networks, by their own count. Source: Flowification, appendix. */
const paperParameters: Readonly<Record<string, number>> = {
  "mnist/fmlp": 5_496_529,
  "mnist/fconv1": 1_936_354,
  "mnist/fconv1-nsf": 3_065_270,
  "mnist/fconv2": 1_676_713,
  "mnist/fconv2-nsf": 2_714_197,
};

const sizeOf = ({ shape }: Parameter): number => shape.reduce((product, size) => product * size, 1);

/** The parameters that training can move. */
const moving = (flow: Flow): Parameter[] => parameterList(flow).filter(({ kind }) => kind !== "fixed");

/** Numbers that training can move, for every layer. */
export function parametersByLayer(flow: Flow): number[] {
  const counts = flow.chain.layers.map(() => 0);
  for (const parameter of moving(flow)) counts[Number.parseInt(parameter.path, 10)]! += sizeOf(parameter);
  return counts;
}

/** All of them together. */
export const countParameters = (flow: Flow): number =>
  parametersByLayer(flow).reduce((sum, count) => sum + count, 0);

/** How our count of a network comes about from the authors': named terms that sum to the difference. */
export type PaperCount = Readonly<{
  parameters: number;
  differences: readonly Readonly<{ what: string; parameters: number }>[];
}>;

/** The authors' count and what differs; undefined where they give none. */
export function paperCount(network: ChosenNetwork, flow: Flow): PaperCount | undefined {
  const base = network.name.replace(/:paper$/, "");
  const parameters =
    network.description || !Object.hasOwn(paperParameters, base) ? undefined : paperParameters[base];
  if (parameters === undefined) return undefined;
  // the paper's network has one layer in place of all those in front
  const inFront = zoo(network.name).layers.length - zoo(`${base}:paper`).layers.length + 1;
  const isInFront = ({ path }: Parameter): boolean => Number.parseInt(path, 10) < inFront;
  const gaussian = flowOf(network, { density: "gaussian" });
  const ours = moving(gaussian);
  const scales = ours.filter(({ path }) => path.endsWith("logA")).length;
  const convolutions = gaussian.chain.layers.filter(({ name }) => name === "conv2d").length;
  const spline = ours
    .filter(({ path }) => gaussian.chain.layers[Number.parseInt(path, 10)]?.name === "rqSpline")
    .slice(0, 3)
    .reduce((sum, parameter) => sum + sizeOf(parameter), 0);
  const countInFront = (kind: string): number =>
    ours
      .filter(isInFront)
      .filter(({ path }) => gaussian.chain.layers[Number.parseInt(path, 10)]?.name === kind)
      .reduce((sum, parameter) => sum + sizeOf(parameter), 0);
  const named = [
    { what: "learnt dequantization", parameters: countInFront("variationalDequantize") },
    { what: "a spline for each pixel in front", parameters: countInFront("marginal") },
    { what: "couplings in front", parameters: countInFront("coupling") },
    { what: "mixtures in place of Gaussians", parameters: countParameters(flow) - countParameters(gaussian) },
    {
      what: "noise scales of pads and tiles that add nothing, which the authors' convolutions have all the same",
      parameters: scales - 2 * convolutions,
    },
    // The dense network agrees exactly; each convolutional one has 29 numbers less, the size of one spline.
    {
      what: "a shared spline more in the authors' convolutional networks",
      parameters: convolutions > 0 ? -spline : 0,
    },
  ];
  const difference = countParameters(flow) - parameters;
  const rest = difference - named.reduce((sum, term) => sum + term.parameters, 0);
  const differences = [...named, { what: "something else", parameters: rest }];
  return { parameters, differences: differences.filter((term) => term.parameters !== 0) };
}
