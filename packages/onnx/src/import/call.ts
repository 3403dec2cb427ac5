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

/** What a rule makes of a node. Layers act on one example: the batch axis of the file is not theirs. */
export type Imported = Readonly<{
  /** Layers in order; none where the node changes nothing. */
  layers: readonly OrdinaryLayer[];
  /** Sizes of the result as the file has them, batch included: where the layers alone do not tell. */
  shape?: readonly number[];
  /** Where several inputs are data: layers in front for each of them, and how they come together. */
  join?: Readonly<{ how: "add" | "concat"; axis?: number; front?: readonly (readonly OrdinaryLayer[])[] }>;
  /** Where the batch axis is in the result, if it is not the first one. */
  moved?: number;
  /** True for a function at the very end that is left out, so that the network gives what it acts on. */
  leftOut?: boolean;
}>;

/** How one operator becomes layers. */
export type ImportRule = (call: OpCall) => readonly OrdinaryLayer[] | Imported;

/** Data on its way through the network. */
export type DataShape = Readonly<{
  /** As the file has it, batch included. */
  full: readonly number[];
  /** Without the batch axis; all of `full` where a file of batch 1 has lost that axis. */
  example: Shape;
  batched: boolean;
  /** Where the batch axis is once a node has moved it from the front, in a file that takes batches of any size. */
  moved?: number;
}>;

/** A node that touches data, with what a rule needs to know of it. */
export class OpCall {
  constructor(
    readonly node: OnnxNode,
    readonly opset: number,
    readonly inputs: readonly (Tensor | DataShape | undefined)[],
    /** True where the file takes batches of any size: what is computed for one example must hold for more. */
    readonly openBatch = false,
  ) {}

  /** The inputs that are data, in order. */
  get data(): readonly DataShape[] {
    return this.inputs.filter((input) => input !== undefined && "full" in input) as DataShape[];
  }

  /** The first input that is data. */
  get first(): DataShape {
    return this.data[0] as DataShape;
  }

  /** Shape of an example of the first input that is data. */
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

  /** Input i, a constant of floating point numbers as the data are. */
  numbers(i: number, what: string): Tensor {
    return this.expectNumbers(this.constant(i, what), what);
  }

  /** The same, if it is there. */
  numbersOption(i: number, what: string): Tensor | undefined {
    const found = this.option(i, what);
    return found && this.expectNumbers(found, what);
  }

  private expectNumbers(tensor: Tensor, what: string): Tensor {
    if (tensor.type === "float") return tensor;
    throw new DataError(
      `${nodeLabel(this.node)}: its ${what} holds ${tensor.type} numbers, the data are floating point numbers\nexport the file again`,
    );
  }

  /** Input i, a constant if it is there. */
  option(i: number, what: string): Tensor | undefined {
    const input = this.inputs[i];
    if (input === undefined || !("full" in input)) return input;
    throw this.unsupported(`its ${what} is computed from the data: a layer needs it as a constant`);
  }

  flag = (name: string): boolean | undefined => flagAttribute(this.node, name);
  int = (name: string): number | undefined => intAttribute(this.node, name);
  ints = (name: string): readonly number[] | undefined => intsAttribute(this.node, name);
  float = (name: string): number | undefined => floatAttribute(this.node, name);
  floats = (name: string): readonly number[] | undefined => floatsAttribute(this.node, name);
  string = (name: string): string | undefined => stringAttribute(this.node, name);

  /** Shape of an example whose first axis is that of the channels, with the batch axis in front of it in the file. */
  get channelsFirst(): Shape {
    const { full, batched } = this.first;
    if (batched && full.length > 1) return this.inShape;
    throw this.unsupported(
      `it acts on channels, the second axis of [${full.join(", ")}], where the batch is not the first one any more`,
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

  /** What to throw where the node does what no layer does; `why` also says what it would take. */
  unsupported(why: string): UnsupportedOpError {
    return new UnsupportedOpError(this.node.op, this.node.name, `${nodeLabel(this.node)}: ${why}`);
  }

  /** What to throw where sizes do not fit. */
  misfit(why: string): ShapeError {
    return new ShapeError(`${nodeLabel(this.node)}: ${why}`);
  }
}
