/** Trees in the memory of the host, for tests. */
import { type JsTree, numpy as np } from "@jax-js/jax";
import { type CalibrationData, calibrationData } from "../../src/init/calibration-data.js";
import type { ArrayTree } from "../../src/layer.js";
import { HostArray } from "../../src/params/host-array.js";
import { treeLeaves, treeMap } from "../../src/params/pytree.js";
import type { Shape } from "../../src/shape.js";
import { takeToHost } from "../../src/train/state.js";

/** Copies a tree to the host, and consumes it. */
export const toHostTree = (tree: unknown): Promise<JsTree<HostArray>> => takeToHost(tree as ArrayTree);

export const hostLeaves = (tree: unknown): HostArray[] => treeLeaves(tree as JsTree<HostArray>);

export const mapHost = <T>(f: (leaf: HostArray) => T, tree: unknown): JsTree<T> =>
  treeMap(f, tree as JsTree<HostArray>);

/** Examples for a data-dependent start, some at a time. */
export const examplesOf = (data: Float32Array, count: number, shape: Shape, atOnce = 128): CalibrationData =>
  calibrationData(new HostArray(data, [count, ...shape], np.float32), { atOnce });
