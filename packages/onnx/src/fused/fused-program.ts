import type { PlacedArray } from "@flowify/core/internal";
import { sizeOf } from "@flowify/core/layer";
import { type ClosedJaxpr, tree } from "@jax-js/jax";
import type { Signature } from "jax-to-onnx/internal";
import type { Tensor } from "onnxruntime-node";
import type { NativeProgram } from "../onnx-program.js";
import { argumentTensors, resultTensors, type TensorStore } from "../tensors.js";
import { type Arena, roundUp } from "./arena.js";
import type { Expression } from "./expressions.js";
import { compute } from "./operations.js";
import { type Group, type Plan, planKernels } from "./plan.js";
import { readElementwise } from "./read.js";
import { wasmModule } from "./wasm.js";

type Kernel = (bytes: number, ...pointersAndScalars: number[]) => void;
type Floats = Float32Array<ArrayBuffer>;

/**
 * Compiles an elementwise program to WebAssembly kernels, which make one pass over memory; ONNX Runtime makes one per
 * operation. Undefined for any other program, if all results have fewer than `smallest` elements, and if WebAssembly
 * lacks vectors.
 */
export async function fusedProgram(
  store: TensorStore,
  traced: ClosedJaxpr,
  signature: Signature,
  smallest: number,
): Promise<NativeProgram | undefined> {
  const program = readElementwise(traced);
  const large = signature.outputs.some(({ shape }) => sizeOf(shape) >= smallest);
  const plan = large && program ? planKernels(program) : undefined;
  if (plan === undefined) return undefined;
  const bytes = wasmModule(plan.kernels);
  const arena = WebAssembly.validate(bytes) ? store.openArena() : undefined;
  if (arena === undefined) return undefined;
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory: arena.memory } });
  const kernels = plan.kernels.map((_, i) => instance.exports[String(i)] as Kernel);
  const groupOfArgument = ownersOf(plan.groups, (group) => group.arguments);
  /** The groups that read each argument tensor of a call. */
  const readersOf = (tensors: readonly Tensor[]): Map<Tensor, Group[]> => {
    const readers = new Map<Tensor, Group[]>();
    for (const [i, tensor] of tensors.entries()) {
      const group = groupOfArgument.get(i);
      if (group) readers.set(tensor, [...(readers.get(tensor) ?? []), group]);
    }
    return readers;
  };
  const groupOfResult = ownersOf(plan.groups, (group) => group.results);
  return {
    flops: 0,
    async run(args, { into } = {}) {
      const tensors = argumentTensors(store, signature, args);
      const scalars = evaluate(plan, tensors);
      const readers = readersOf(tensors);
      // An argument may be overwritten by results of its own group: a kernel loads before it stores.
      const results = resultTensors(store, signature.outputs, into, (tensor, output) => {
        const mine = groupOfResult.get(output);
        return mine === undefined || (readers.get(tensor) ?? []).every((group) => group === mine);
      });
      const data = (tensor: Tensor | undefined): Floats => (tensor as Tensor).data as Floats;
      for (const group of plan.groups) {
        const arrays = [
          ...group.arguments.map((i) => data(tensors[i])),
          ...group.results.map((i) => data(results[i])),
        ];
        const numbers = group.scalars.map((e) => scalars.get(e) as number);
        call(arena, kernels[group.kernel] as Kernel, group, arrays, numbers);
      }
      for (const { result, expression } of plan.scalarResults) {
        data(results[result])[0] = scalars.get(expression) as number;
      }
      return tree.unflatten<PlacedArray>(signature.structure, results);
    },
    dispose: async () => {},
  };
}

const ownersOf = (
  groups: readonly Group[],
  members: (group: Group) => readonly number[],
): Map<number, Group> => new Map(groups.flatMap((group) => members(group).map((i) => [i, group] as const)));

/** The scalars of one call. */
function evaluate({ scalars }: Plan, tensors: readonly Tensor[]): Map<Expression, number> {
  const values = new Map<Expression, number>();
  for (const e of scalars) {
    if (e.kind === "number") values.set(e, e.value);
    else if (e.kind === "argument") values.set(e, tensors[e.argument]?.data[0] as number);
    else {
      const operands = e.operands.map((operand) => values.get(operand) as number);
      values.set(e, compute(e.name, operands));
    }
  }
  return values;
}

/** Calls a kernel on arrays, the results last; arrays outside of the memory go through scratch space in pieces. */
function call(
  arena: Arena,
  kernel: Kernel,
  { size, arguments: { length: inputs } }: Group,
  arrays: readonly Floats[],
  scalars: readonly number[],
): void {
  const outside = arrays.filter((array) => !arena.holds(array)).length;
  if (outside === 0) {
    kernel(roundUp(4 * size), ...arrays.map((array) => array.byteOffset), ...scalars);
    return;
  }
  const { scratch } = arena;
  const room = Math.floor(scratch.byteLength / outside / roundUp(1)) * (roundUp(1) / 4);
  for (let start = 0; start < size; start += room) {
    const end = Math.min(start + room, size);
    let next = 0;
    const pieces = arrays.map((array) => {
      if (arena.holds(array)) return { pointer: array.byteOffset + 4 * start };
      const at = next;
      next += room;
      return {
        pointer: 4 * at,
        copy: scratch.subarray(at, at + end - start),
        own: array.subarray(start, end),
      };
    });
    for (const { copy, own } of pieces.slice(0, inputs)) copy?.set(own);
    kernel(roundUp(4 * (end - start)), ...pieces.map(({ pointer }) => pointer), ...scalars);
    for (const { copy, own } of pieces.slice(inputs)) if (copy) own.set(copy);
  }
}
