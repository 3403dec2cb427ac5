import { DeviceError, HostArray, MemoryError } from "@flowify/core";
import type { Compiled, PlacedArray } from "@flowify/core/internal";
import { type ClosedJaxpr, type JsTree, tree } from "@jax-js/jax";
import type { Target } from "jax-to-onnx";
import { nth, readConstant, type Signature, withConstants } from "jax-to-onnx/internal";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { type Graph, lowerOnce, sessionOf } from "./compiled-before.js";
import { isRotation } from "./is-rotation.js";
import { lowerInTurns } from "./lower.js";
import { openSession } from "./open-session.js";
import { programKey } from "./program-key.js";
import { argumentTensors, resultTensors, type Slot, type TensorStore } from "./tensors.js";
import { parcelBytes } from "./workers/parcel.js";
import { MOST_RUNS } from "./workers/slots.js";
import type { WorkerHandle, WorkerProgram } from "./workers/worker-handle.js";

/** A compiled program on tensors. */
export type NativeProgram = Readonly<{
  /** Operations of its products and convolutions. */
  flops: number;
  run(
    args: readonly JsTree<PlacedArray | HostArray>[],
    options?: Parameters<Compiled["run"]>[1],
  ): Promise<JsTree<PlacedArray>>;
  dispose(): Promise<void>;
}>;

export type OnnxProgramOptions = Readonly<{
  target: Target;
  session: InferenceSession.SessionOptions;
  /** Other threads that also run the program, started when nothing refuses it. */
  workers: Readonly<{ beside: number; start(): readonly WorkerHandle[] }>;
  /** The first of these threads runs it alone, and this one not at all. */
  apart?: boolean;
  /** Memory limit of the program in bytes. */
  memory: number;
  /** The values of the first arguments, for building in: ONNX Runtime packs them for its products. */
  constants?: readonly HostArray[];
  /** As for `Executor.compile`. */
  itemwise?: boolean;
  lift?: boolean;
  onProgress?: ((share: number) => void) | undefined;
}>;

type RoomOptions = Pick<OnnxProgramOptions, "target" | "memory" | "itemwise" | "onProgress">;

/** Throws the MemoryError that `onnxProgram` would throw, without building anything. */
export async function expectRoomFor(
  traced: ClosedJaxpr,
  { name, inputs, outputs }: Signature,
  { target, memory, itemwise = false, onProgress }: RoomOptions,
): Promise<void> {
  const names = (slots: readonly Slot[]): string[] => slots.map((slot) => slot.name);
  const how = { name, inputNames: names(inputs), outputNames: names(outputs), itemwise, target };
  const { peak } = await lowerInTurns(traced, how, onProgress);
  const bytes = target.memoryFactor * peak;
  if (bytes > memory) throw new MemoryError(name, bytes, memory);
}

/**
 * Operations of products a node, below which ONNX Runtime's own rewriting of the graph takes longer than it ever saves: half a
 * millisecond a node, for some microseconds a run.
 */
const FINE = 1e5;

/** Lowers a traced program to an ONNX graph and compiles that to a session of ONNX Runtime. */
export async function onnxProgram(
  store: TensorStore,
  traced: ClosedJaxpr,
  signature: Signature,
  {
    target,
    session: usual,
    workers,
    apart = false,
    memory,
    constants = [],
    itemwise = false,
    lift = false,
    onProgress,
  }: OnnxProgramOptions,
): Promise<NativeProgram> {
  const { name, outputs, structure } = signature;
  const inputNames = signature.inputs.map((slot) => slot.name);
  const outputNames = outputs.map((slot) => slot.name);
  const fixed = new Set(inputNames.slice(0, constants.length));
  const rotations = new Set(inputNames.filter((_, i) => constants[i] && isRotation(constants[i])));
  const { without, ...rest } = target;
  const how = [
    name,
    inputNames,
    outputNames,
    [...fixed],
    [...rotations],
    itemwise,
    lift,
    rest,
    [...without],
    usual,
  ];
  const key = programKey(traced, how, lift);
  const lowered: Graph = await lowerOnce(key, () =>
    lowerInTurns(
      traced,
      { name, inputNames, outputNames, fixed, rotations, itemwise, lift, target },
      onProgress,
    ),
  );
  const built = constants.reduce((sum, { data }) => sum + data.byteLength, 0);
  const between =
    workers.beside * MOST_RUNS * parcelBytes([...signature.inputs.slice(constants.length), ...outputs]);
  const bytes = (workers.beside + (apart ? 0 : 1)) * (target.memoryFactor * lowered.peak + built) + between;
  if (bytes > memory) throw new MemoryError(name, bytes, memory); // before a file is made from it
  const model = withConstants(lowered, new Map(constants.map((value, i) => [nth(inputNames, i), value])));
  const options: InferenceSession.SessionOptions =
    model.flops < FINE * model.nodes.length ? { ...usual, graphOptimizationLevel: "disabled" } : usual;
  const { engine } = store;
  const rejected = (cause: unknown): never => {
    if (cause instanceof DeviceError) throw cause;
    throw new DeviceError(`${name}: ONNX Runtime rejected the graph: ${String(cause)}`, { cause });
  };
  const used = new Set(model.inputs.map((input) => input.name));
  const captured = lowered.lifted.map((at, i): [Slot, Tensor] => {
    const { shape, dtype } = nth(traced.consts, at);
    const data = readConstant(nth(traced.consts, at)).values as Float32Array;
    const slot = { name: nth(lowered.inputs, inputNames.length + i).name, shape, dtype };
    return [slot, store.view(new HostArray(data.slice(), shape, dtype))];
  });
  const slots = [
    ...signature.inputs.filter((input) => used.has(input.name)),
    ...captured.map(([slot]) => slot),
  ];
  const here = async (feeds: readonly Tensor[], into: JsTree<PlacedArray> | undefined): Promise<Tensor[]> => {
    // A call cannot write to a buffer that it reads: nodes run in any order.
    const read = new Set(feeds);
    const results = resultTensors(store, outputs, into, (tensor) => !read.has(tensor));
    const named = (slots: readonly Slot[], tensors: readonly Tensor[]) =>
      Object.fromEntries(slots.map((slot, i) => [slot.name, nth(tensors, i)]));
    const session = await openHere();
    await session.run(named(slots, feeds), named(outputs, results));
    return results;
  };
  if (outputs.length === 0)
    return {
      flops: 0,
      run: async () => tree.unflatten<PlacedArray>(structure, []),
      dispose: async () => {},
    };
  let written: Uint8Array | undefined;
  const file = (): Uint8Array => {
    written ??= engine.toBytes(model);
    return written;
  };
  // values that are built in make a session of their own, and so does a profile
  const isKept = constants.length === 0 && !options.enableProfiling;
  let own: Promise<Opened> | undefined;
  const openHere = (): Promise<Opened> => {
    own ??= sessionOf(
      engine.runtime,
      { ...(isKept && { key }), graph: model, peak: target.memoryFactor * model.peak },
      () => openSession(engine.runtime, engine.run, file(), options),
    );
    return own;
  };
  const beside = (await allOpened([
    ...(apart ? [] : [openHere()]),
    ...workers
      .start()
      .map((worker, i) => worker.open(file(), besideOptions(options, i + 1), slots, outputs, here)),
  ]).catch(rejected)) as WorkerProgram[];
  if (!apart) beside.shift();
  return {
    flops: model.flops,
    async run(args, { into, worker = 0 } = {}) {
      const given = argumentTensors(store, signature, args).filter((_, i) => used.has(nth(inputNames, i)));
      const feeds = [...given, ...captured.map(([, tensor]) => tensor)];
      try {
        const results =
          worker === 0 && !apart
            ? await here(feeds, into)
            : await nth(beside, apart ? 0 : worker - 1).run(feeds, into);
        return tree.unflatten<PlacedArray>(structure, results);
      } catch (cause) {
        if (cause instanceof DeviceError) throw cause;
        throw new DeviceError(`${name}: ONNX Runtime failed: ${String(cause)}`, { cause });
      }
    },
    async dispose() {
      const opened = own ? [await own] : [];
      await Promise.all([...opened, ...beside].map((program) => program.close()));
    },
  };
}

type Opened = Awaited<ReturnType<typeof openSession>>;

/** Opens all programs or none: if one fails, closes the others. */
async function allOpened(
  opening: readonly Promise<Opened | WorkerProgram>[],
): Promise<(Opened | WorkerProgram)[]> {
  const ends = await Promise.allSettled(opening);
  const opened = ends.flatMap((end) => (end.status === "fulfilled" ? [end.value] : []));
  const failed = ends.find((end) => end.status === "rejected");
  if (!failed) return opened;
  await Promise.allSettled(opened.map((program) => program.close()));
  throw failed.reason;
}

/** The options of the session on a worker, with a separate profile file. */
const besideOptions = (
  { profileFilePrefix, ...options }: InferenceSession.SessionOptions,
  worker: number,
): InferenceSession.SessionOptions => ({
  ...options,
  ...(profileFilePrefix !== undefined && { profileFilePrefix: `${profileFilePrefix}-worker${worker}` }),
});
