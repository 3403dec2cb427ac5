import type { Mutation } from "./mutations.js";
import { mutations } from "./mutations.js";
import { imageMutations } from "./mutations-images.js";
import { networkMutations } from "./mutations-networks.js";
import { passMutations } from "./mutations-passes.js";
import { ruleMutations } from "./mutations-rules.js";

/** Mutations of the sources in one folder. */
export type MutationSet = Readonly<{ name: string; folder: string; mutations: readonly Mutation[] }>;

export const mutationSets: readonly MutationSet[] = [
  {
    name: "layers",
    folder: "packages/core/src",
    mutations: [...mutations, ...imageMutations, ...networkMutations],
  },
  {
    name: "jax-to-onnx",
    folder: "packages/jax-to-onnx/src",
    mutations: [...passMutations, ...ruleMutations],
  },
];
