import { DataError, ShapeError, UnsupportedOpError } from "@flowify/core";
import type { OrdinaryLayer } from "@flowify/core/internal";
import type { Shape } from "@flowify/core/layer";
import {
  flagAttribute,
  floatAttribute,
  floatsAttribute,
  intAttribute,
  intsAttribute,
  stringAttribute,
} from "./attributes.js";
import { nodeLabel, type OnnxNode } from "./graph.js";
import { axesOf } from "./shapes.js";
import type { Tensor } from "./tensor.js";

/** Result of a rule for a node. Layers act on one example: they have no batch axis. */
export type Imported = Readonly<{
  /** Layers in order; empty for a node without effect. */
  layers: readonly OrdinaryLayer[];
  /** Sizes of the result in the file, with the batch axis, if the layers alone do not determine them. */
  shape?: readonly number[];
  /** For several data inputs: layers in front of each, and the way of joining them. */
  join?: Readonly<{
    how: "add" | "multiply" | "matmul" | "concat";
    axis?: number;
    front?: readonly (readonly OrdinaryLayer[])[];
  }>;
  /** Position of the batch axis in the result, if it is not the first axis. */
  moved?: number;
  /**
   * True for a function that is left out at the very end, so that its input is the output of the network; or the layers that
   * it has inside of a network.
   */
  leftOut?: true | readonly OrdinaryLayer[];
}>;

/** Converts one operator to layers. */
export type ImportRule = (call: OpCall) => readonly OrdinaryLayer[] | Imported;

/** A value computed from the data. */
export type DataShape = Readonly<{
  /** Shape in the file, with the batch axis. */
  full: readonly number[];
  /** Shape without the batch axis; all of `full` if a file of batch 1 has dropped that axis. */
  example: Shape;
  batched: boolean;
  /** Position of the batch axis after a node has moved it from the front, in a file for batches of any size. */
  moved?: number;
  /** Entries of that axis for each example that stand in front of the batch, where a Reshape has merged axes. Default 1. */
  outer?: number;
}>;

/** A node with data inputs, and the facts that rules need. */
export class OpCall {
  constructor(
    readonly node: OnnxNode,
    readonly opset: number,
    readonly inputs: readonly (Tensor | DataShape | undefined)[],
    /** True for a file for batches of any size: results for one example must hold for several. */
    readonly openBatch = false,
    /** Which of the node's outputs is computed. */
    readonly output = 0,
  ) {}

  /** The data inputs, in order. */
  get data(): readonly DataShape[] {
    return this.inputs.filter((input) => input !== undefined && "full" in input) as DataShape[];
  }

  /** The first data input. */
  get first(): DataShape {
    return this.data[0] as DataShape;
  }

  /** Shape of an example of the first data input. */
  get inShape(): Shape {
    return this.first.example;
  }

  isData(i: number): boolean {
    const input = this.inputs[i];
    return input !== undefined && "full" in input;
  }

  /** Input i, which must be a constant. */
  constant(i: number, what: string): Tensor {
    const found = this.option(i, what);
    if (found) return found;
    throw new DataError(`${nodeLabel(this.node)}: its ${what} is missing\nexport the file again`);
  }

  /** Input i, a constant with floating point numbers like the data. */
  numbers(i: number, what: string): Tensor {
    return this.expectNumbers(this.constant(i, what), what);
  }

  /** The same, if present. */
  numbersOption(i: number, what: string): Tensor | undefined {
    const found = this.option(i, what);
    return found && this.expectNumbers(found, what);
  }

  private expectNumbers(tensor: Tensor, what: string): Tensor {
    if (tensor.type === "float") return tensor;
    throw new DataError(
      `${nodeLabel(this.node)}: its ${what} holds ${tensor.type} numbers, expected floating point numbers like the data\nexport the file again`,
    );
  }

  /** Input i, a constant, if present. */
  option(i: number, what: string): Tensor | undefined {
    const input = this.inputs[i];
    if (input === undefined || !("full" in input)) return input;
    throw this.unsupported(`its ${what} is computed from the data, expected a constant`);
  }

  flag = (name: string): boolean | undefined => flagAttribute(this.node, name);
  int = (name: string): number | undefined => intAttribute(this.node, name);
  ints = (name: string): readonly number[] | undefined => intsAttribute(this.node, name);
  float = (name: string): number | undefined => floatAttribute(this.node, name);
  floats = (name: string): readonly number[] | undefined => floatsAttribute(this.node, name);
  string = (name: string): string | undefined => stringAttribute(this.node, name);

  /** Shape of an example with the channels on the first axis, after the batch axis in the file. */
  get channelsFirst(): Shape {
    const { full, batched } = this.first;
    if (batched && full.length > 1) return this.inShape;
    throw this.unsupported(
      `it acts on channels, the second axis of [${full.join(", ")}], where the batch is no longer the first axis`,
    );
  }

  /** An axis of the file as an axis of an example. */
  axis(axis: number): number {
    const [at = 0] = axesOf(this.node, [axis], this.first.full.length);
    if (at === this.first.moved)
      throw this.unsupported("it acts across the examples of a batch, which are independent");
    if (!this.first.batched) return at;
    if (at === 0) throw this.unsupported("it acts across the examples of a batch, which are independent");
    return at - 1;
  }

  /** The error for a node that no layer can replace; `why` includes the remedy. */
  unsupported(why: string): UnsupportedOpError {
    return new UnsupportedOpError(this.node.op, this.node.name, `${nodeLabel(this.node)}: ${why}`);
  }

  /** The error for sizes that do not fit. */
  misfit(why: string): ShapeError {
    return new ShapeError(`${nodeLabel(this.node)}: ${why}`);
  }
}
