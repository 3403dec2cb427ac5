import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  CheckpointError,
  DataError,
  type Executor,
  encodeSafetensors,
  type Flow,
  FlowModel,
  flowify,
  type HostArray,
  type NetworkFlow,
  UsageError,
} from "@flowify/core";
import { checkOptions, optionSchemas as o } from "@flowify/core/internal";
import type { JsTree } from "@jax-js/jax";
import { withOwnExecutor } from "./ensemble.js";
import { openExecutor } from "./executors.js";
import { writeFileAtomic } from "./files/atomic.js";
import { expectNoFile } from "./files/place.js";
import { readJson } from "./files/regular-file.js";
import { MODEL, modelDocument, PARAMETERS, parseModelDocument } from "./networks/model.js";
import { readTensors, readWeights } from "./networks/network-file.js";
import { describedNetwork, networkOfDescription, WEIGHTS } from "./networks/weights.js";
import { holdsAny } from "./runs/folder.js";
import { readRun } from "./runs/open-run.js";

/** Where a model computes that nobody chose a place for: the fastest executor that is installed. */
export const defaultExecutor = (): Promise<Executor> => openExecutor("auto", { warn: () => {} });

/**
 * A `FlowModel` in Node: it is saved into a folder as well, and what `fit` or `loadModel` opened to compute with is closed
 * with it.
 */
export class NodeModel extends FlowModel {
  readonly #closes: boolean;

  constructor(
    flow: Flow,
    params: JsTree<HostArray>,
    executor: Executor,
    { closesExecutor = false }: { closesExecutor?: boolean } = {},
  ) {
    super(flow, params, executor);
    this.#closes = closesExecutor;
  }

  /**
   * Writes the model into a folder, which is made where it is missing: `model.json` with the network, `parameters.safetensors`,
   * and `weights.safetensors` if the network has weights. `loadModel` reads it.
   *
   * @throws UsageError where the flow was not made by `flowify` or a preset, or has a density that is no name
   */
  override save(folder: string): Promise<void>;
  /** The parameters as the bytes of a safetensors file. */
  override save(metadata?: { readonly [name: string]: string }): Uint8Array;
  override save(to: string | { readonly [name: string]: string } = {}): Promise<void> | Uint8Array {
    return typeof to === "string" ? writeModel(this, to) : super.save(to);
  }

  override async dispose(): Promise<void> {
    const first = !this.disposed;
    await super.dispose();
    if (first && this.#closes) await this.executor.dispose();
  }
}

async function writeModel(model: FlowModel, folder: string): Promise<void> {
  const { network, options } = networkOf(model.flow);
  const { description, tensors } = describedNetwork(network);
  const hasWeights = Object.keys(tensors).length > 0;
  const { weights: _, ...withoutWeights } = description;
  const text = modelDocument(hasWeights ? description : withoutWeights, options);
  expectNoFile(folder, "a folder\nchoose another place");
  mkdirSync(folder, { recursive: true });
  if (hasWeights) await writeFileAtomic(join(folder, WEIGHTS), encodeSafetensors(tensors));
  await writeFileAtomic(join(folder, PARAMETERS), model.save());
  await writeFileAtomic(join(folder, MODEL), text); // last: the other files are there when it is
}

function networkOf(flow: Flow): NetworkFlow {
  if ("network" in flow) return flow as NetworkFlow;
  throw new UsageError(
    "only a flow that flowify or a preset made can be saved into a folder: this one was composed of layers\nsave() gives the bytes of its parameters, FlowModel.load(flow, bytes, executor) restores them",
  );
}

/**
 * A model from the folder that `save` wrote, or of a run of `flowify train` on images or rows of numbers: the state of its
 * best checkpoint, for images of 0 to 255.
 *
 * @param executor where to compute; by default the fastest that is installed, closed with the model
 * @throws DataError, UsageError, CheckpointError that name the file which is missing, damaged or of another network;
 * UsageError for a run of a table, whose cells are encoded first, and of a network that is one step
 *
 * @example
 * ```ts
 * import { couplingFlow, fit, loadModel } from "flowify";
 * const rows = Array.from({ length: 500 }, (_, i) => [Math.sin(i), Math.sin(i) ** 2 + 0.1 * Math.cos(7 * i)]);
 * const model = await fit(couplingFlow(2), rows, { steps: 20, seed: 7 });
 * await model.save("detector");
 * const again = await loadModel("detector");
 * console.log((await again.logProb([[0.5, 0.25]])).length);
 * for (const each of [model, again]) await each.dispose();
 * // 1
 * ```
 */
export async function loadModel(folder: string, options: { executor?: Executor } = {}): Promise<NodeModel> {
  if (typeof folder !== "string")
    throw new UsageError(`loadModel: expected the path of a folder, found ${typeof folder}`);
  checkOptions("loadModel", { executor: o.record }, options);
  const { flow, arrays } =
    holdsAny(folder) && !existsSync(join(folder, MODEL)) ? await ofRun(folder) : ofModel(folder);
  try {
    return await withOwnExecutor(options.executor, defaultExecutor, async (executor, own) => {
      const model = await FlowModel.fromArrays(flow, arrays, executor);
      await model.dispose();
      return new NodeModel(flow, model.params, executor, { closesExecutor: own !== undefined });
    });
  } catch (cause) {
    if (!(cause instanceof CheckpointError)) throw cause;
    throw new CheckpointError(`${folder}: ${cause.message}\nput back the files that save wrote`, { cause });
  }
}

type Stored = { flow: Flow; arrays: { readonly [name: string]: HostArray } };

function ofModel(folder: string): Stored {
  const path = join(folder, MODEL);
  if (!existsSync(path))
    throw new DataError(
      `${path}: no such file\nname a folder that save wrote, or a run of flowify train on images or rows of numbers`,
    );
  const { network, flow: choices } = parseModelDocument(path, readJson(path));
  const flow = flowify(networkOfDescription(network, readWeights(dirname(path), network)), choices);
  return { flow, arrays: readTensors(join(folder, PARAMETERS), "put back the file that save wrote") };
}

async function ofRun(folder: string): Promise<Stored> {
  const { config, flow, arrays } = await readRun(folder, { warn: () => {} });
  const only = (what: string, instead: string) => new UsageError(`${folder} holds a run ${what}\n${instead}`);
  if (config.data.reading?.schema)
    throw only(
      "of a table",
      "use flowify score, or flowify export and ONNX Runtime: cells are encoded there",
    );
  if (config.opaque) throw only("of a network that is one step", "use flowify score, sample or export");
  return { flow, arrays };
}
