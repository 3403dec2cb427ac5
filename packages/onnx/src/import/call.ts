import { DataError, type OrdinaryLayer, type Shape, ShapeError, UnsupportedOpError } from "@flowify/core";
import {
  floatAttribute,
  floatsAttribute,
  intAttribute,
  intsAttribute,
  stringAttribute,
} from "./attributes.js";
import { nodeLabel, type OnnxNode } from "./graph.js";
import { axesOf } from "./shapes.js";
import type { Tensor } from "./tensor.js";

/** What a rule makes of a node. Layers act on one item: the batch axis of the file is not theirs. */
export type Imported = Readonly<{
  /** Layers in order; none where the node changes nothing. */
  layers: readonly OrdinaryLayer[];
  /** Sizes of the result as the file has them, batch included: where the layers alone do not tell. */
  shape?: readonly number[];
  /** Where several inputs are data: layers in front for each of them, and how they come together. */
  join?: Readonly<{ how: "add" | "concat"; axis?: number; front?: readonly (readonly OrdinaryLayer[])[] }>;
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
  item: Shape;
  batched: boolean;
}>;

/** A node that touches data, with what a rule needs to know of it. */
export class OpCall {
  constructor(
    readonly node: OnnxNode,
    readonly opset: number,
    readonly inputs: readonly (Tensor | DataShape | undefined)[],
  ) {}

  /** The inputs that are data, in order. */
  get data(): readonly DataShape[] {
    return this.inputs.filter((input) => input !== undefined && "full" in input) as DataShape[];
  }

  /** The first input that is data. */
  get first(): DataShape {
    return this.data[0] as DataShape;
  }

  /** Shape of an item of the first input that is data. */
  get inShape(): Shape {
    return this.first.item;
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

  /** Input i, a constant if it is there. */
  option(i: number, what: string): Tensor | undefined {
    const input = this.inputs[i];
    if (input === undefined || !("full" in input)) return input;
    throw this.unsupported(`its ${what} is computed from the data: a layer needs it as a constant`);
  }

  int = (name: string): number | undefined => intAttribute(this.node, name);
  ints = (name: string): readonly number[] | undefined => intsAttribute(this.node, name);
  float = (name: string): number | undefined => floatAttribute(this.node, name);
  floats = (name: string): readonly number[] | undefined => floatsAttribute(this.node, name);
  string = (name: string): string | undefined => stringAttribute(this.node, name);

  /** An axis of the file as an axis of an item. */
  axis(axis: number): number {
    const [at = 0] = axesOf(this.node, [axis], this.first.full.length);
    if (!this.first.batched) return at;
    if (at === 0) throw this.unsupported("it acts across the items of a batch, which are independent");
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
